//! The API server of a rehearsal under many connections.
use crate::support::{Trial, process, trial::PLACE};
use std::{fs, net::TcpStream, process::Command, thread, time::Duration};

/// Returns the processor time that a process has used, in hundredths of a second.
fn processor_ticks(process: i32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    after_name
        .split_whitespace()
        .skip(11)
        .take(2)
        .map(|ticks| ticks.parse::<u64>().unwrap())
        .sum()
}

#[test]
fn a_server_without_free_file_descriptors_does_not_spin() {
    let trial = Trial::check();
    trial.write_config();
    let mut command = Command::new("bash");
    let inner = trial.program();
    command.current_dir(trial.folder()).env_clear().envs(
        inner
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    command
        .args(["-c", "ulimit -n 100; exec \"$0\" \"$@\""])
        .arg(process::PROGRAM)
        .args(["rehearse", "--serve"])
        .args(PLACE);
    let running = process::start(trial.folder(), &mut command);
    running.wait_for_output("until interrupted");
    let printed = running.printed();
    let address = printed
        .split_once("answers at https://")
        .and_then(|(_, rest)| rest.split_whitespace().next())
        .unwrap()
        .to_owned();
    let connections: Vec<_> = (0..150)
        .map_while(|_| TcpStream::connect(&address).ok())
        .collect();
    let before = processor_ticks(running.id());
    thread::sleep(Duration::from_secs(2));
    let used = processor_ticks(running.id()) - before;
    assert!(
        used < 100,
        "{used} hundredths of a second of processor time in 2 s, with {} idle connections",
        connections.len()
    );
    running.signal(rustix::process::Signal::INT);
    running.wait(process::LONGEST_RUN);
}
