//! A run of the program that is measured: exit code, output, time, and the peak of memory as the
//! kernel counted it.
use harness::kubephase;
use std::{
    fs::{self, File},
    mem::MaybeUninit,
    os::unix::process::{CommandExt, ExitStatusExt},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// A run that has not ended by then does not end: twelve times what a hostile plugin may take, for
/// loaded machines.
pub const ENDS_AT_ALL: Duration = Duration::from_secs(60);

/// How long a run may take whatever a plugin does, where the plugin waits for nothing. A debug build
/// is slower.
pub const ENDS_SOON: Duration = Duration::from_secs(if cfg!(debug_assertions) { 15 } else { 5 });

/// What the host may hold in memory, whatever a plugin does, in bytes.
pub const MEMORY: u64 = 256 << 20;

/// What is left of a run.
#[derive(Debug)]
pub struct Ended {
    /// the exit code, or 128 and the signal
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    /// of the program and its children, in bytes
    pub peak_memory: u64,
    pub elapsed: Duration,
    /// what the hostile plugin says that the host answered, in the order of its calls
    pub answers: Vec<Answer>,
}

/// What the host answered to one call of the hostile plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// round and index of the call
    pub of: String,
    pub is_ok: bool,
    /// the value, or code and message of the failure; its beginning, where it is long
    pub text: String,
}

impl Ended {
    /// All that was printed.
    pub fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// What the plugin got, and was told, for a search.
    pub fn answers_text(&self) -> String {
        self.answers
            .iter()
            .map(|answer| format!("{}\n", answer.text))
            .collect()
    }

    /// The answer to a call, `ROUND.CALL`.
    pub fn answer(&self, of: &str) -> &Answer {
        let found = self.answers.iter().find(|answer| answer.of == of);
        found.unwrap_or_else(|| panic!("there is no answer {of}:\n{}", self.output()))
    }

    pub fn expect_status(self, status: i32) -> Ended {
        assert_eq!(self.status, status, "{}", self.output());
        self
    }

    /// The run took no longer than one may whose plugin waits for nothing.
    pub fn expect_soon(self) -> Ended {
        assert!(
            self.elapsed < ENDS_SOON,
            "it took {:?}:\n{:.4000}",
            self.elapsed,
            self.output()
        );
        self
    }

    /// Neither a panic nor a signal ended the run, and the host stayed within its memory.
    fn expect_fair(self, command: &Command) -> Ended {
        let output = self.output();
        assert!(
            self.status < 128 || self.status == 130,
            "{command:?} ended with {}:\n{output}",
            self.status
        );
        // A plugin may say that it panicked; a thread of the host says so in these words.
        let panicked = self
            .stderr
            .lines()
            .any(|line| line.starts_with("thread '") && line.contains("panicked at"));
        assert!(!panicked, "{command:?} panicked:\n{output}");
        let mebibytes = self.peak_memory >> 20;
        assert!(
            self.peak_memory < MEMORY,
            "{command:?} took {mebibytes} MiB of memory:\n{:.4000}",
            output
        );
        eprintln!(
            "{mebibytes} MiB, {} ms: {command:?}",
            self.elapsed.as_millis()
        );
        self
    }
}

/// A run that is under way.
pub struct Running {
    child: Child,
    began: Instant,
    output: [PathBuf; 2],
    /// peak of this very process when the program was started, in bytes: until it is replaced, the
    /// child counts that as its own
    inherited: u64,
}

/// The program with an environment of its own, in a folder.
pub fn program(folder: &Path) -> Command {
    let temporary = folder.join("tmp");
    fs::create_dir_all(&temporary).unwrap();
    let mut command = kubephase(PROGRAM);
    command
        .current_dir(folder)
        .env("TMPDIR", temporary)
        .env("HOME", folder);
    command
}

/// Runs a command to its end.
///
/// # Panics
/// Where it does not end, panics, is killed by a signal, or takes too much memory.
pub fn run(folder: &Path, command: &mut Command) -> Ended {
    let running = start(folder, command);
    running.wait(ENDS_AT_ALL).expect_fair(command)
}

/// Starts a command in a process group of its own; its output goes to files of the folder.
pub fn start(folder: &Path, command: &mut Command) -> Running {
    let output = ["stdout", "stderr"].map(|name| {
        let unique = tempfile::Builder::new()
            .prefix(name)
            .tempfile_in(folder)
            .unwrap();
        unique.keep().unwrap().1
    });
    let [stdout, stderr] = &output;
    command
        .stdin(Stdio::null())
        .stdout(File::create(stdout).unwrap())
        .stderr(File::create(stderr).unwrap())
        .process_group(0);
    let child = command
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"));
    Running {
        child,
        began: Instant::now(),
        output,
        inherited: peak_of("self"),
    }
}

impl Running {
    pub fn id(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Sends a signal to the program alone.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_raw(self.id()).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
    }

    /// What it has printed so far.
    pub fn printed(&self) -> String {
        self.output
            .iter()
            .map(|path| fs::read_to_string(path).unwrap_or_default())
            .collect()
    }

    /// Waits until it has printed a text.
    ///
    /// # Panics
    /// Where it ends before, or never prints it.
    pub fn wait_for_output(&self, text: &str) {
        let began = Instant::now();
        while !self.printed().contains(text) {
            assert!(
                began.elapsed() < ENDS_AT_ALL,
                "{text:?} was not printed:\n{}",
                self.printed()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for its end; after `bound` it is killed, and the test fails.
    pub fn wait(self, bound: Duration) -> Ended {
        let mut seen = 0;
        let ended = loop {
            seen = seen.max(peak_of(&self.id().to_string()));
            if let Some(ended) = try_wait(self.id()) {
                break ended;
            }
            if self.began.elapsed() > bound {
                let group = rustix::process::Pid::from_raw(self.id()).unwrap();
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
                panic!("it did not end within {bound:?}:\n{:.4000}", self.printed());
            }
            thread::sleep(Duration::from_millis(5));
        };
        let elapsed = self.began.elapsed();
        let [stdout, stderr] = self.output.each_ref().map(|path| {
            let length = fs::metadata(path).unwrap().len();
            assert!(length < 32 << 20, "it printed {length} bytes");
            String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
        });
        self.output
            .iter()
            .for_each(|path| fs::remove_file(path).unwrap());
        let answers = stdout
            .lines()
            .chain(stderr.lines())
            .filter_map(read_answer)
            .collect();
        let status = ExitStatus::from_raw(ended.status);
        let status = status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
        // A figure that is not above what the child inherited says nothing; what was seen of it
        // meanwhile does.
        let peak_memory = if ended.peak_memory > self.inherited {
            ended.peak_memory
        } else {
            seen
        };
        Ended {
            status,
            stdout,
            stderr,
            peak_memory,
            elapsed,
            answers,
        }
    }
}

/// The most memory that a process had so far, in bytes, as `/proc` tells it; 0 where the process is
/// no more.
fn peak_of(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or_default()
        << 10
}

/// A line of the hostile plugin: `answer ROUND.CALL RESULT HEX`.
fn read_answer(line: &str) -> Option<Answer> {
    let (_, rest) = line.split_once("answer ")?;
    let mut words = rest.split(' ');
    let (of, result, hex) = (
        words.next()?,
        words.next()?,
        words.next().unwrap_or_default(),
    );
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let bytes: Vec<u8> = hex
        .trim_end()
        .as_bytes()
        .chunks(2)
        .filter_map(byte)
        .collect();
    Some(Answer {
        of: of.to_owned(),
        is_ok: result == "ok",
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

struct Waited {
    status: i32,
    peak_memory: u64,
}

/// The end of a child of this process, where it has ended.
fn try_wait(process: i32) -> Option<Waited> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to variables of this function that outlive the call, of the types
    // that wait4(2) writes. All bytes of `usage` are initialised before, and a `rusage` of zeros is
    // a valid one. The process is a child of ours that nobody else waits for: `Running` never asks
    // its `Child` for the status.
    let (waited, usage) = unsafe {
        let waited = libc::wait4(process, &raw mut status, libc::WNOHANG, usage.as_mut_ptr());
        (waited, usage.assume_init())
    };
    match waited {
        0 => None,
        -1 => panic!(
            "cannot wait for {process}: {}",
            std::io::Error::last_os_error()
        ),
        // Linux counts in KiB.
        _ => Some(Waited {
            status,
            peak_memory: u64::try_from(usage.ru_maxrss).unwrap_or_default() << 10,
        }),
    }
}
