//! Which tools are there, and the installation of those that are not.

use std::path::Path;
use std::process::Command;

use jackfield_manifest::Problem;

use crate::failure::BuildError;
use crate::language::Language;
use crate::process::compile;
use crate::tools::{Installer, Standing, Tool, Tools};

/// One tool of the report.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Its name in `toolchains.toml`.
    pub name: String,
    /// What it is and where it comes from.
    pub tool: Tool,
    /// Whether it is there.
    pub standing: Standing,
    /// The command that installs it, for a shell.
    pub install: String,
}

impl Finding {
    /// It is there and fits.
    pub fn is_found(&self) -> bool {
        matches!(self.standing, Standing::Found(..))
    }
}

/// Looks for the tools of one language, or of all, in the order in which they can be installed.
pub fn examine(tools: &Tools, language: Option<Language>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = tools
        .needed(language)
        .map(|(name, tool)| Finding {
            name: name.to_owned(),
            tool: tool.clone(),
            standing: tools.standing(tool),
            install: tools.install_command(tool),
        })
        .collect();
    findings.sort_by_key(|finding| match finding.tool.from {
        Installer::System => 0,
        Installer::Rustup => 1,
        Installer::Pip => 2,
        Installer::Npm => 3,
    });
    findings
}

/// How often npm tries to reach its registry, and the milliseconds between, for each of some hundred packages; what the
/// user has set counts more.
const NPM_PATIENCE: [(&str, &str); 3] = [
    ("npm_config_fetch_retries", "1"),
    ("npm_config_fetch_retry_mintimeout", "100"),
    ("npm_config_fetch_retry_maxtimeout", "300"),
];

/// Makes a file in the folder and takes it away again.
fn writable(folder: &Path) -> std::io::Result<()> {
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    std::fs::write(&probe, [])?;
    std::fs::remove_file(&probe)
}

/// Runs the command that installs a tool. Commands depend on what the ones before have installed, so each is asked for
/// anew.
///
/// # Errors
/// Nothing installs it, the command fails, or the tool is not there afterwards.
pub fn install(tools: &Tools, finding: &Finding) -> Result<Standing, BuildError> {
    if finding.tool.from == Installer::System {
        let message = format!("{} is missing, and only you can install it: {}", finding.name, finding.tool.what);
        return Err(BuildError::machine(Problem::error("tool-missing", message).with_help(finding.install.clone())));
    }
    std::fs::create_dir_all(tools.folder())
        .map_err(|error| crate::failure::file_problem("create the folder", tools.folder(), &error))?;
    if let Err(error) = writable(tools.folder()) {
        let message = format!("cannot write into {}: {error}", tools.folder().display());
        let help = "make the folder writable, or name another one with JACKFIELD_TOOLS";
        return Err(BuildError::machine(Problem::error("folder-not-writable", message).with_help(help)));
    }
    let line = tools.install_command(&finding.tool);
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]);
    // Without a network npm would try for minutes before it says so.
    for (name, value) in NPM_PATIENCE.iter().filter(|(name, _)| std::env::var_os(name).is_none()) {
        shell.env(name, value);
    }
    let failed = |why: String| {
        let message = format!("{} could not be installed: {why}", finding.name);
        let help = format!("is there a network, and the registry reachable? the command was: {line}");
        BuildError::machine(Problem::error("install-failed", message).with_help(help))
    };
    compile(&mut shell)
        .map_err(|error| failed(error.problems().first().map_or(String::new(), |p| p.message.clone())))?;
    match tools.standing(&finding.tool) {
        found @ Standing::Found(..) => Ok(found),
        _ => Err(failed("the command succeeded, and it is still not there".to_owned())),
    }
}
