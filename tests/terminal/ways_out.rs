//! Every way out, and back.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, ExitCode, Stdio};

use super::CHILD;
use super::shown::{PATIENCE, Shown, until_state};

tests! {
    leaving_by_a_key_gives_the_terminal_back_and_stops_nothing_else
    a_termination_signal_gives_the_terminal_back
    an_interrupt_from_outside_asks_as_ctrl_c_does
    a_panic_in_another_task_is_read_on_the_normal_screen
    ctrl_z_hands_the_terminal_to_the_shell_and_fg_shows_the_screen_again
    a_terminal_that_was_resized_meanwhile_is_drawn_in_its_new_size
    a_lost_terminal_ends_the_process
    a_terminal_that_goes_without_a_signal_ends_the_process
    every_page_of_the_wizard_gives_the_terminal_back
}

fn leaving_by_a_key_gives_the_terminal_back_and_stops_nothing_else() {
    let mut shown = Shown::start("shows");
    shown.until("PRACTICE");
    assert!(shown.screen().alternate_screen() && shown.screen().bracketed_paste());
    shown.press(b"\x03");
    shown.until("How should it stop?");
    // Down twice to "leave it", and do it.
    shown.press(b"\x1b[B\x1b[B\r");
    shown.is_given_back();
    assert!(shown.contents().contains("asked Detach"), "{}", shown.contents());
}

fn a_termination_signal_gives_the_terminal_back() {
    for signal in [rustix::process::Signal::TERM, rustix::process::Signal::HUP] {
        let mut shown = Shown::start("shows");
        shown.until("PRACTICE");
        shown.signal(signal);
        shown.is_given_back();
        assert!(shown.contents().contains("asked Now"), "{}", shown.contents());
    }
}

fn a_panic_in_another_task_is_read_on_the_normal_screen() {
    let mut shown = Shown::start("panics");
    shown.until("PRACTICE");
    shown.signal(rustix::process::Signal::USR1);
    shown.until("a fault on purpose");
    shown.is_given_back();
    assert!(shown.contents().contains("a fault of slipway closed the screen"), "{}", shown.contents());
}

fn ctrl_z_hands_the_terminal_to_the_shell_and_fg_shows_the_screen_again() {
    let mut shown = Shown::start("shows");
    shown.until("PRACTICE");
    shown.press(b"\x1a");
    until_state(shown.pid(), |state| state == Some('T'));
    // What it wrote before it stopped may still be on its way.
    while shown.screen().alternate_screen() {
        assert!(shown.read(PATIENCE), "the terminal was not given back");
    }
    shown.signal(rustix::process::Signal::CONT);
    shown.until("PRACTICE");
    assert!(shown.screen().alternate_screen());
    shown.signal(rustix::process::Signal::TERM);
    shown.is_given_back();
}

fn an_interrupt_from_outside_asks_as_ctrl_c_does() {
    let mut shown = Shown::start("shows");
    shown.until("PRACTICE");
    shown.signal(rustix::process::Signal::INT);
    shown.until("How should it stop?");
    shown.press(b"\x1b");
    shown.until("Ctrl-C");
    shown.signal(rustix::process::Signal::TERM);
    shown.is_given_back();
}

fn a_terminal_that_was_resized_meanwhile_is_drawn_in_its_new_size() {
    let mut shown = Shown::start("shows");
    shown.until("PRACTICE");
    shown.resize(59, 17);
    shown.until("59x17");
    // While it is stopped, too.
    shown.press(b"\x1a");
    until_state(shown.pid(), |state| state == Some('T'));
    while shown.screen().alternate_screen() {
        assert!(shown.read(PATIENCE), "the terminal was not given back");
    }
    shown.resize(100, 30);
    shown.signal(rustix::process::Signal::CONT);
    shown.until("PRACTICE");
    let rows: Vec<String> = shown.contents().lines().map(str::to_string).collect();
    assert!(rows.len() == 30 && !rows[29].is_empty(), "the footer is on the last row:\n{}", shown.contents());
    shown.signal(rustix::process::Signal::TERM);
    shown.is_given_back();
}

/// Holds a terminal with a screen on it, says which process that is, and waits to be ended.
pub(crate) fn hold(mut shown: Shown) -> ExitCode {
    shown.until("PRACTICE");
    println!("{}", shown.pid());
    loop {
        std::thread::park();
    }
}

fn a_lost_terminal_ends_the_process() {
    loses_its_terminal("holds");
}

fn a_terminal_that_goes_without_a_signal_ends_the_process() {
    loses_its_terminal("holds without a signal");
}

fn loses_its_terminal(holds: &str) {
    let mut holder = Command::new(std::env::current_exe().unwrap())
        .env(CHILD, holds)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut said = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
    let pid: u32 = said.trim().parse().unwrap();
    // With whoever holds the other end of it the terminal is gone, as when a window is closed.
    holder.kill().unwrap();
    holder.wait().unwrap();
    until_state(pid, |state| state.is_none() || state == Some('Z'));
}

fn every_page_of_the_wizard_gives_the_terminal_back() {
    use rustix::process::Signal;
    let usual = [("TERM", "xterm-256color"), ("LANG", "C.UTF-8")];
    // One page further each time, and without the draft that the signal before left.
    for (pages, (signal, code)) in
        [(Signal::TERM, 143), (Signal::HUP, 143), (Signal::TERM, 143)].into_iter().enumerate()
    {
        let state = tempfile::tempdir().unwrap();
        let mut shown = Shown::slipway(state.path(), &["--practice"], &usual);
        shown.until("Enter goes on");
        for text in &["What should be installed?", "Which environment is it for?"][..pages] {
            shown.press(b"\r");
            shown.until(text);
        }
        shown.signal(signal);
        assert_eq!(shown.is_given_back(), code, "{}", shown.contents());
        assert!(shown.contents().contains("nothing was written"), "{}", shown.contents());
    }
}
