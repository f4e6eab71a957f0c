//! A service, a lifecycle and a health that do what their configuration says.

use jackfield_sdk::{Failure, Health, Lifecycle, Params, Report, Service, config, info};
use serde::Deserialize;
use std::cell::Cell;
use std::hint::black_box;

#[derive(Deserialize)]
struct Config {
    init: String,
    start: String,
    stop: String,
    health: String,
    greeting: String,
}

thread_local! {
    static STARTED: Cell<bool> = const { Cell::new(false) };
    static CALLS: Cell<u32> = const { Cell::new(0) };
}

fn how(how: &str) -> Result<(), Failure> {
    match how {
        "fail" => Err(Failure::unavailable("on-purpose", "this plugin fails on purpose")),
        "panic" => panic!("this plugin panics on purpose"),
        "spin" => {
            let mut turns = 0u64;
            loop {
                turns = black_box(turns.wrapping_add(1));
            }
        }
        _ => Ok(()),
    }
}

fn read() -> Result<Config, Failure> {
    config::<Config>().map_err(|failures| failures.into_iter().next().unwrap_or_else(|| Failure::internal("no reason")))
}

struct Answers;

impl Lifecycle for Answers {
    fn init(config: Params) -> Result<(), Vec<Failure>> {
        let config: Config = config.parse()?;
        Ok(how(&config.init)?)
    }
    fn start() -> Result<(), Failure> {
        info!("answers starts");
        how(&read()?.start)?;
        STARTED.set(true);
        Ok(())
    }
    fn stop() -> Result<(), Failure> {
        info!("answers stops");
        how(&read()?.stop)
    }
}

impl Health for Answers {
    fn check() -> Report {
        let health = read().map(|config| config.health).unwrap_or_default();
        match health.as_str() {
            "healthy" => Report::healthy(),
            // Well again at the second look.
            "degraded" if CALLS.replace(1) == 0 => Report::degraded("slow on purpose"),
            "degraded" => Report::healthy(),
            "failing" => Report::failing("broken on purpose"),
            other => {
                _ = how(other);
                Report::healthy()
            }
        }
    }
}

impl Service for Answers {
    fn call(service: &str, method: &str, payload: &[u8]) -> Result<Vec<u8>, Failure> {
        if !STARTED.get() {
            return Err(Failure::internal("it was called before it was started"));
        }
        let text = String::from_utf8_lossy(payload);
        match method {
            "greet" => Ok(format!("{} {text} from {service}", read()?.greeting).into_bytes()),
            "panic" => panic!("this service panics on purpose"),
            "fail" => Err(Failure::invalid_input("on-purpose", format!("{text} is not welcome"))),
            other => Err(Failure::invalid_input("unknown-method", format!("there is no method {other}"))),
        }
    }
}

jackfield_sdk::export_lifecycle!(Answers);
jackfield_sdk::export_health!(Answers);
jackfield_sdk::export_service!(Answers);
