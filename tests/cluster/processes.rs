//! Starting and stopping the bed itself: nothing may be left behind.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use libtest_mimic::Completion;

use crate::context::{Context, DONE, Outcome};
use crate::testbed::{self, Testbed};

/// With this variable the test program only keeps a control plane up until its standard input closes.
pub(crate) const HOLD: &str = "SLIPWAY_TESTBED_HOLD";

#[expect(clippy::print_stdout, reason = "its parent reads where the control plane is")]
pub(crate) fn hold() -> ExitCode {
    match Testbed::start() {
        Ok(bed) => {
            println!("{} {}", bed.leader().unwrap_or_default(), bed.folder().display());
            let _ = std::io::stdin().lines().count();
            ExitCode::SUCCESS
        }
        Err(why) => {
            println!("0 {why}");
            ExitCode::FAILURE
        }
    }
}

/// Another process that has a control plane of its own: itself, the leader of the group, the folder.
fn owner() -> testbed::Outcome<(Child, String, String)> {
    let mut owner = Command::new(std::env::current_exe()?)
        .env(HOLD, "1")
        .env_remove("SLIPWAY_TESTBED_KUBECONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut line = String::new();
    BufReader::new(owner.stdout.take().ok_or("no output")?).read_line(&mut line)?;
    let (leader, folder) = line.trim().split_once(' ').ok_or("the other process says nothing")?;
    if leader == "0" {
        return Err(folder.into());
    }
    Ok((owner, leader.into(), folder.into()))
}

/// How many processes are in the group of that leader.
fn members(leader: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let stats = all.filter_map(|p| std::fs::read_to_string(p.path().join("stat")).ok());
    // After the name in parentheses: state, parent, group.
    stats
        .filter_map(|s| Some(s.rsplit_once(") ")?.1.split(' ').map(String::from).collect::<Vec<_>>()))
        .filter(|words| words.get(2).is_some_and(|group| group == leader) && words[0] != "Z")
        .count()
}

async fn nothing_is_left(cx: &Context, leader: &str, folder: &str) -> testbed::Outcome<()> {
    cx.until("no process of the group is left", async || Ok(members(leader) == 0)).await?;
    cx.until("the folder is gone", async || Ok(!Path::new(folder).exists())).await
}

const BORROWED: &str = "judges processes of its own cluster only; unset SLIPWAY_TESTBED_KUBECONFIG";

pub(crate) async fn an_ordered_stop_leaves_no_process_and_no_folder(cx: Context) -> Outcome {
    if cx.borrowed() {
        return Ok(Completion::ignored_with(BORROWED));
    }
    for _ in 0..2 {
        let (mut owner, leader, folder) = owner()?;
        assert!(members(&leader) > 5, "the control plane is one process group");
        drop(owner.stdin.take());
        assert!(owner.wait()?.success());
        nothing_is_left(&cx, &leader, &folder).await?;
    }
    DONE
}

pub(crate) async fn a_killed_owner_leaves_no_process_and_no_folder(cx: Context) -> Outcome {
    if cx.borrowed() {
        return Ok(Completion::ignored_with(BORROWED));
    }
    let (mut owner, leader, folder) = owner()?;
    assert!(members(&leader) > 5, "the control plane is one process group");
    owner.kill()?;
    owner.wait()?;
    nothing_is_left(&cx, &leader, &folder).await?;
    DONE
}
