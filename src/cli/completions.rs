//! `ottla completions`: a script for a shell.

use clap::Args;
use clap_complete::Shell;

/// How to install the script.
pub(super) const HELP: &str = "\
Install them for your user:
  bash  ottla completions bash > ~/.local/share/bash-completion/completions/ottla
  zsh   ottla completions zsh > \"${fpath[1]}/_ottla\"
  fish  ottla completions fish > ~/.config/fish/completions/ottla.fish";

#[derive(Debug, Args)]
pub(super) struct CompletionsArgs {
    /// Which shell.
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs, mut command: clap::Command) -> anyhow::Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "ottla", &mut script);
    std::io::Write::write_all(&mut std::io::stdout(), &script).or_else(super::output::forgive)?;
    Ok(())
}
