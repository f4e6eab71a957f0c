//! Files, links, clocks and environment, none of which are granted.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};

use jackfield_sdk::Failure;

/// Tries it; `accepted` where anything worked.
pub(crate) fn run(case: &str) -> Result<(), Failure> {
    match case {
        "f01-dotdot" => {
            for path in ["/etc/passwd", "../../../../etc/passwd", "./../etc/passwd", "/proc/self/environ", ".", "/"] {
                no(path, fs::read(path))?;
                no(path, fs::read_dir(path))?;
                no(path, fs::metadata(path))?;
            }
        }
        "f02-abs-link" => links("/etc/passwd")?,
        "f03-rel-link" => links("../../../../etc/passwd")?,
        "f05-disk-fill" => {
            for path in ["out.bin", "/tmp/out.bin", "/out.bin"] {
                no(path, fs::File::create(path).and_then(|mut file| file.write_all(&[0; 1 << 20])))?;
                no(path, fs::File::create(path).and_then(|file| file.set_len(1 << 50)))?;
            }
        }
        "f06-fifo" => {
            for path in ["/dev/stdin", "/dev/zero", "/dev/tty", "fifo"] {
                no(path, fs::File::open(path))?;
            }
        }
        "f08-ro-write" => {
            for path in ["in.csv", "/in.csv", "/tmp/in.csv"] {
                no("truncate", OpenOptions::new().write(true).truncate(true).open(path))?;
                no("append", OpenOptions::new().append(true).create(true).open(path))?;
                no("hard link", fs::hard_link(path, "other"))?;
                no("rename", fs::rename(path, "other"))?;
                no("remove", fs::remove_file(path))?;
                no("folder", fs::create_dir("other"))?;
                if let Ok(metadata) = fs::metadata(path) {
                    no("permissions", fs::set_permissions(path, metadata.permissions()))?;
                }
            }
        }
        "p01-surroundings" => {
            let seen = env::vars().count() + env::args().count() + usize::from(env::current_dir().is_ok());
            // One argument or a current folder of `/` is what toolchains make up; neither tells anything.
            if seen > 2 || env::var("HOME").is_ok() || env::var("PATH").is_ok() {
                return Err(accepted("the environment"));
            }
            let mut line = String::new();
            if io::stdin().read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                return Err(accepted("standard input"));
            }
        }
        other => return Err(Failure::internal(format!("no case is called `{other}`"))),
    }
    Ok(())
}

#[allow(deprecated)] // The successor is not stable on this target.
fn links(target: &str) -> Result<(), Failure> {
    for link in ["link", "/link", "/tmp/link"] {
        no("link", fs::soft_link(target, link))?;
        no("link", fs::read_link(link))?;
        no("link", fs::read(link))?;
    }
    Ok(())
}

fn no<T>(what: &str, result: io::Result<T>) -> Result<(), Failure> {
    match result {
        Ok(_) => Err(accepted(what)),
        Err(_) => Ok(()),
    }
}

fn accepted(what: &str) -> Failure {
    Failure::invalid_input("accepted", format!("{what} can be reached"))
}
