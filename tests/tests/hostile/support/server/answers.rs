//! The ways in which a server answers.
use parking_lot::Mutex;
use std::{
    io::{Read, Write},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

/// The way in which a server answers a request.
#[derive(Clone)]
pub enum Manner {
    /// with this status and body, and these further header lines
    Reply {
        status: u16,
        headers: String,
        body: Vec<u8>,
    },
    /// with a body that never ends, as fast as the client reads it
    EndlessBody,
    /// with ten bytes of a body a second
    Dripping,
    /// never
    Silent,
}

/// Reads the head of a request; none if the client is gone.
fn read_head(connection: &mut impl Read) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        if connection.read(&mut byte)? == 0 {
            return Ok(None);
        }
        head.push(byte[0]);
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// Answers the requests of one connection.
pub fn serve(
    mut connection: impl Read + Write,
    choose: &(dyn Fn(&str) -> Manner + Send + Sync),
    requests: &Mutex<Vec<String>>,
    stopped: &AtomicBool,
) -> std::io::Result<()> {
    while let Some(head) = read_head(&mut connection)? {
        requests.lock().push(head.clone());
        let path = head.split(' ').nth(1).unwrap_or_default();
        let manner = choose(path);
        let is_open = matches!(manner, Manner::Reply { .. });
        answer(&mut connection, manner, stopped)?;
        if !is_open {
            break;
        }
    }
    Ok(())
}

/// Answers one request; manners without an end return when the server stops.
fn answer(
    connection: &mut impl Write,
    manner: Manner,
    stopped: &AtomicBool,
) -> std::io::Result<()> {
    match manner {
        Manner::Reply {
            status,
            headers,
            body,
        } => {
            let length = body.len();
            let head = format!("HTTP/1.1 {status} Reply\r\ncontent-length: {length}\r\n");
            connection.write_all(format!("{head}{headers}\r\n").as_bytes())?;
            connection.write_all(&body)?;
            connection.flush()
        }
        Manner::EndlessBody => {
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n";
            connection.write_all(head.as_bytes())?;
            send_endlessly(connection, &[b'a'; 1 << 16], Duration::ZERO, stopped)
        }
        Manner::Dripping => {
            connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")?;
            send_endlessly(connection, b"a", Duration::from_millis(100), stopped)
        }
        Manner::Silent => send_endlessly(connection, b"", Duration::from_millis(50), stopped),
    }
}

/// Sends a piece again and again, with pauses, until the server stops.
fn send_endlessly(
    connection: &mut impl Write,
    piece: &[u8],
    pause: Duration,
    stopped: &AtomicBool,
) -> std::io::Result<()> {
    while !stopped.load(Ordering::Relaxed) {
        connection.write_all(piece)?;
        connection.flush()?;
        thread::sleep(pause);
    }
    Ok(())
}
