//! The keys, as one table: what is pressed, the footer and the help page all read it, so none of them can lie.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// Where a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Progress while the run goes on.
    Progress,
    /// Progress while something stands still.
    Stuck,
    /// The same, where an answer mends it.
    StuckMend,
    /// A run of somebody else, looked at.
    Looking,
    /// The log on the whole screen.
    Zoomed,
    /// Progress after its end.
    Ended,
    /// The good end: addresses, keys, next steps.
    Done,
    /// The bad end.
    Failed,
    /// The same, where an answer mends it.
    FailedMend,
    /// The end of looking at a run that is not at its own.
    Idle,
    /// Typing into the filter of a log.
    Filter,
    /// The timeline over the progress.
    Timeline,
    /// The question whether to stop.
    Stopping,
    /// Review: the plan.
    Review,
    /// Review while something blocks: the plan, and no button.
    Blocked,
    /// Review: the button.
    Agree,
    /// The plan of a flow that asks nothing: no answers are behind it.
    PlanOnly,
    /// The same: the button.
    PlanAgree,
    /// The same, where something goes for ever: the name is typed.
    PlanName,
    /// What becomes of volumes and keys.
    Fates,
    /// A page of the way in with a list.
    Way,
    /// The page of the way in that is typed into.
    Target,
    /// A page of questions: a choice, or a page without any.
    Wizard,
    /// A page of questions, on a field that letters are typed into.
    Typed,
    /// The same, where the cluster offers values.
    Offered,
    /// A page of questions, on a secret.
    Masked,
    /// A page of questions, on what opens: a list, pairs, several lines.
    Opens,
    /// What the cluster offers, over a page.
    Picker,
    /// What the answers make, with the focus.
    Preview,
    /// A list or pairs, entry by entry.
    Entries,
    /// The question whether a secret is made again.
    Sure,
    /// The editor of several lines over a page.
    Lines,
    /// The list of pages over a page.
    Pages,
    /// "Leave?"
    Leaving,
    /// The offer to go on with a draft.
    Draft,
    /// A plan is being made.
    Waiting,
    /// A plan could not be made.
    Unmade,
    /// The help page.
    Help,
}

/// What a key does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Up,
    Down,
    PageUp,
    PageDown,
    Next,
    Previous,
    Accept,
    Back,
    Quit,
    Toggle,
    Open,
    Close,
    Follow,
    Wrap,
    Filter,
    Start,
    End,
    Events,
    Help,
    Redraw,
    Suspend,
    Interrupt,
    Save,
    Mend,
    Reveal,
    Generate,
    Advanced,
    Preview,
    Suggest,
    Reset,
    NewLine,
    Pages,
    Zoom,
    Container,
    Evidence,
    Again,
    GoBack,
    Copy,
    Forward,
    Remove,
}

/// One row of the table.
pub(super) struct Binding {
    places: &'static [Place],
    code: KeyCode,
    ctrl: bool,
    pub(super) action: Action,
    /// Name of the key as it is shown.
    pub(super) key: &'static str,
    /// Word in the footer; empty when it stands in the help alone.
    pub(super) short: &'static str,
    /// Sentence in the help.
    pub(super) long: &'static str,
}

#[cfg(test)]
impl Binding {
    /// The key of the row, pressed.
    pub(super) fn pressed(&self) -> KeyEvent {
        KeyEvent::new(self.code, if self.ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE })
    }
}

use Action as A;
use Place::{
    Agree, Blocked, Done, Draft, Ended, Entries, Failed, FailedMend, Fates, Filter, Help, Idle, Leaving, Lines,
    Looking, Masked, Offered, Opens, Pages, Picker, PlanAgree, PlanName, PlanOnly, Preview, Progress, Review, Stopping,
    Stuck, StuckMend, Sure, Target, Timeline, Typed, Unmade, Waiting, Way, Wizard, Zoomed,
};

const fn on(
    places: &'static [Place],
    code: KeyCode,
    action: Action,
    key: &'static str,
    short: &'static str,
    long: &'static str,
) -> Binding {
    Binding { places, code, ctrl: false, action, key, short, long }
}

const fn ctrl(
    places: &'static [Place],
    letter: char,
    action: Action,
    key: &'static str,
    short: &'static str,
    long: &'static str,
) -> Binding {
    Binding { places, code: KeyCode::Char(letter), ctrl: true, action, key, short, long }
}

/// A tree with a log under it.
const RUN: &[Place] = &[Progress, Stuck, StuckMend, Looking, Failed, FailedMend, Idle, Ended];
/// A log.
const LOGS: &[Place] = &[Progress, Stuck, StuckMend, Looking, Failed, FailedMend, Idle, Ended, Zoomed];
/// The run is over, or another's.
const FREE: &[Place] = &[Looking, Failed, FailedMend, Idle, Done, Ended];
const LISTS: &[Place] = &[
    Progress, Stuck, StuckMend, Looking, Zoomed, Failed, FailedMend, Idle, Done, Ended, Timeline, Stopping, Review,
    PlanOnly, Blocked, Agree, PlanAgree, Leaving, Sure, Draft, Pages, Help, Fates,
];
const REVIEW: &[Place] = &[Review, PlanOnly, Blocked];
pub(super) const EVERYWHERE: &[Place] = &[
    Progress, Stuck, StuckMend, Looking, Zoomed, Failed, FailedMend, Idle, Done, Ended, Filter, Timeline, Stopping,
    Review, PlanOnly, Blocked, Agree, PlanAgree, Way, Target, Wizard, Typed, Offered, Masked, Opens, Picker, Preview,
    Entries, Lines, Leaving, Sure, Draft, Pages, Help, Waiting, Unmade, PlanName, Fates,
];
const BEFORE: &[Place] = &[Way, Target];
/// A page of questions, whatever has the focus.
const FORM: &[Place] = &[Wizard, Typed, Offered, Masked, Opens];
/// Where `?` is a letter.
const TYPING: &[Place] = &[Typed, Offered, Masked, Picker, Entries, Lines, PlanName];

/// The table. Within a place the first row of a key wins; rows with a footer word stand there in this order.
pub(super) const TABLE: &[Binding] = &[
    on(
        &[StuckMend, FailedMend],
        KeyCode::Char('c'),
        A::Mend,
        "c",
        "change answer",
        "To the answer that mends what stands still; the plan is shown again before anything is written",
    ),
    on(&[Done], KeyCode::Char('y'), A::Copy, "y", "copy key", "Send the marked key to the terminal's clipboard"),
    on(&[Done], KeyCode::Char('v'), A::Reveal, "v", "reveal 5 s", "Show the marked key for 5 seconds"),
    on(
        &[Done],
        KeyCode::Char('p'),
        A::Forward,
        "p",
        "port-forward",
        "A way to it from this machine, while this screen is open",
    ),
    on(
        &[Failed, FailedMend],
        KeyCode::Char('r'),
        A::Again,
        "r",
        "try again",
        "Run the same plan again; it goes on from here",
    ),
    on(
        &[Looking, Idle],
        KeyCode::Char('r'),
        A::Again,
        "r",
        "go on...",
        "Go on with what remains, as the one who began it would; asks first",
    ),
    on(
        &[Stuck, StuckMend, Failed, FailedMend],
        KeyCode::Char('e'),
        A::Evidence,
        "e",
        "evidence",
        "States, events and log lines behind the cause",
    ),
    on(&[Stuck, StuckMend], KeyCode::Char('q'), A::Interrupt, "q", "leave...", "Asks how to stop, as Ctrl-C does"),
    on(FREE, KeyCode::Char('q'), A::Quit, "q", "leave", "Leave the screen; what is in the cluster stays"),
    on(&[Zoomed], KeyCode::Esc, A::Back, "Esc", "back", "Back to the pods; a filter is taken off first"),
    on(
        &[Failed, FailedMend],
        KeyCode::Char('b'),
        A::GoBack,
        "b",
        "",
        "Go back to the newest revision that ended well; what that would do is shown first",
    ),
    on(&[Zoomed], KeyCode::Enter, A::Open, "Enter", "", "Back to the pods"),
    on(&[Zoomed], KeyCode::End, A::End, "End", "follow", "Last line of the log, and follow"),
    on(&[Zoomed], KeyCode::Char('w'), A::Wrap, "w", "wrap", "Wrap long lines of the log, or cut them"),
    on(&[Zoomed], KeyCode::Char('c'), A::Container, "c", "container", "Next container of the pod"),
    on(&[Zoomed], KeyCode::Tab, A::Next, "Tab", "pod", "Next pod: its log is shown"),
    on(&[Zoomed], KeyCode::Char('q'), A::Back, "q", "", "Back"),
    on(&[Done], KeyCode::Tab, A::Next, "Tab", "pods", "The pods and their logs; Esc comes back"),
    on(RUN, KeyCode::Enter, A::Open, "Enter", "open", "Open what is folded; of a pod its containers, then its log"),
    on(RUN, KeyCode::Tab, A::Next, "Tab", "pod", "Next pod: its log is shown"),
    on(LOGS, KeyCode::BackTab, A::Previous, "Shift-Tab", "", "Previous pod"),
    on(RUN, KeyCode::Right, A::Open, "Right", "", "Open, as Enter does"),
    on(RUN, KeyCode::Left, A::Close, "Left", "", "Close"),
    on(&[Zoomed], KeyCode::Char('l'), A::Zoom, "l", "", "Back to the pods"),
    on(RUN, KeyCode::Char('l'), A::Zoom, "l", "log", "Log on the whole screen, and back"),
    on(LOGS, KeyCode::Char('/'), A::Filter, "/", "filter", "Show only lines of the log that hold a text"),
    on(LOGS, KeyCode::Char('f'), A::Follow, "f", "", "Follow the log, or stand still"),
    on(RUN, KeyCode::Char('w'), A::Wrap, "w", "", "Wrap long lines of the log, or cut them"),
    on(RUN, KeyCode::Char('c'), A::Container, "c", "", "Log of the next container of the pod"),
    on(LOGS, KeyCode::Char('g'), A::Start, "g", "", "First line of the log"),
    on(LOGS, KeyCode::Home, A::Start, "Home", "", "First line of the log"),
    on(LOGS, KeyCode::Char('G'), A::End, "G", "", "Last line of the log, and follow"),
    on(RUN, KeyCode::End, A::End, "End", "", "Last line of the log, and follow"),
    on(
        &[Progress, Looking, Idle, Ended],
        KeyCode::Char('e'),
        A::Evidence,
        "e",
        "",
        "States, events and log lines of what is selected",
    ),
    on(
        &[Progress, Stuck, StuckMend, Looking, Zoomed, Failed, FailedMend, Idle, Done, Ended],
        KeyCode::Char('t'),
        A::Events,
        "t",
        "timeline",
        "Everything that happened, with its time",
    ),
    on(&[Progress], KeyCode::Char('q'), A::Interrupt, "q", "", "Asks how to stop, as Ctrl-C does"),
    on(&[Progress, Stuck, StuckMend], KeyCode::Esc, A::Back, "Esc", "", "One layer back: filter, whole-screen log"),
    on(FREE, KeyCode::Esc, A::Back, "Esc", "", "One layer back: filter, whole-screen log, pods"),
    on(&[Filter], KeyCode::Enter, A::Accept, "Enter", "show", "Keep the filter"),
    on(&[Filter], KeyCode::Esc, A::Back, "Esc", "no filter", "Show every line again"),
    on(&[Timeline], KeyCode::Char('e'), A::Back, "e", "", "Back to the pods"),
    on(&[Timeline], KeyCode::Char('t'), A::Back, "t", "", "Back to the pods"),
    on(&[Timeline], KeyCode::Esc, A::Back, "Esc", "back", "Back to the pods"),
    on(&[Timeline, Help], KeyCode::Char('q'), A::Back, "q", "", "Back"),
    on(&[Stopping, Leaving, Draft], KeyCode::Enter, A::Accept, "Enter", "do it", "What is marked is done"),
    on(&[Stopping, Leaving, Draft], KeyCode::Tab, A::Next, "Tab", "next", "Next choice"),
    on(&[Stopping, Leaving, Draft], KeyCode::BackTab, A::Previous, "Shift-Tab", "", "Previous choice"),
    on(&[Stopping], KeyCode::Esc, A::Back, "Esc", "go on", "Go on as before"),
    on(&[Leaving], KeyCode::Esc, A::Back, "Esc", "stay", "Stay"),
    on(&[Draft], KeyCode::Esc, A::Back, "Esc", "begin anew", "Begin anew; the draft stays"),
    on(&[Unmade], KeyCode::Enter, A::Accept, "Enter", "try again", "Read the cluster again, and make the plan"),
    on(&[Waiting, Unmade], KeyCode::Esc, A::Back, "Esc", "to the questions", "Back to the questions"),
    on(&[Blocked], KeyCode::Char('c'), A::Mend, "c", "to the answer", "To the answer that mends what is marked"),
    on(&[Review, PlanOnly], KeyCode::Tab, A::Next, "Tab", "to the button", "Between the plan and the button"),
    on(&[Blocked], KeyCode::Tab, A::Next, "Tab", "next error", "To the next thing that blocks; the button comes after"),
    on(&[Agree, PlanAgree], KeyCode::Enter, A::Accept, "Enter", "do it", "Do what the button says"),
    on(&[Agree, PlanAgree], KeyCode::Tab, A::Next, "Tab", "to the plan", "Between the plan and the button"),
    on(
        &[Review, PlanOnly, Agree, PlanAgree],
        KeyCode::BackTab,
        A::Previous,
        "Shift-Tab",
        "",
        "Between the plan and the button",
    ),
    on(&[Blocked], KeyCode::BackTab, A::Previous, "Shift-Tab", "", "To what blocks before it"),
    on(&[PlanName], KeyCode::Enter, A::Accept, "Enter", "do it", "Do it, once the name is typed in full"),
    on(&[PlanName], KeyCode::Tab, A::Next, "Tab", "to the plan", "Back to the plan; what is typed stays"),
    on(&[PlanName], KeyCode::BackTab, A::Previous, "Shift-Tab", "", "Back to the plan; what is typed stays"),
    on(&[PlanName], KeyCode::Esc, A::Back, "Esc", "to the plan", "Back to the plan; what is typed stays"),
    on(&[Fates], KeyCode::Char(' '), A::Toggle, "Space", "change", "Keep it, or give it up; nothing is done yet"),
    on(&[Fates], KeyCode::Tab, A::Next, "Tab", "next", "Next volume or key"),
    on(&[Fates], KeyCode::BackTab, A::Previous, "Shift-Tab", "", "Volume or key before"),
    on(&[Fates], KeyCode::Left, A::Close, "Left", "", "The safer fate: keeping it is the safest"),
    on(&[Fates], KeyCode::Right, A::Open, "Right", "", "The next fate: a backup first, or gone; nothing is done yet"),
    on(
        &[Fates],
        KeyCode::Enter,
        A::Accept,
        "Enter",
        "to the list of all",
        "To the list of everything that goes and stays",
    ),
    on(&[Fates], KeyCode::Esc, A::Back, "Esc", "leave...", "Asks whether to leave; nothing was written"),
    on(REVIEW, KeyCode::Enter, A::Toggle, "Enter", "open", "Open or close what is marked; never does more"),
    on(REVIEW, KeyCode::Char(' '), A::Toggle, "Space", "", "Open or close what is marked"),
    on(REVIEW, KeyCode::Right, A::Open, "Right", "", "Open what is marked"),
    on(REVIEW, KeyCode::Left, A::Close, "Left", "", "Close what is marked, or what it belongs to"),
    on(
        &[Review, Blocked, Agree],
        KeyCode::Char('s'),
        A::Save,
        "s",
        "save answers",
        "Write the answers file that repeats this run",
    ),
    on(
        &[Review, PlanOnly],
        KeyCode::Char('c'),
        A::Mend,
        "c",
        "",
        "To the answer that mends the warning that is marked",
    ),
    on(REVIEW, KeyCode::Esc, A::Back, "Esc", "back", "Back to the questions"),
    on(&[Agree, PlanAgree], KeyCode::Esc, A::Back, "Esc", "to the plan", "Back to the plan"),
    on(
        &[Way],
        KeyCode::Enter,
        A::Accept,
        "Enter",
        "choose, go on",
        "Choose what is marked and go on; a cluster is contacted first",
    ),
    on(&[Target], KeyCode::Enter, A::Accept, "Enter", "next", "Take what is typed, and go on"),
    on(&[Way], KeyCode::Tab, A::PageDown, "Tab", "", "Next page"),
    on(BEFORE, KeyCode::Esc, A::Back, "Esc", "back", "One layer back: filter, page, then asks whether to leave"),
    on(&[Way], KeyCode::BackTab, A::PageUp, "Shift-Tab", "", "Previous page"),
    on(&[Target], KeyCode::Tab, A::Next, "Tab", "", "Next field"),
    on(&[Target], KeyCode::BackTab, A::Previous, "Shift-Tab", "", "Previous field or page; never checks"),
    on(BEFORE, KeyCode::Up, A::Up, "Up", "", "Line above"),
    on(BEFORE, KeyCode::Down, A::Down, "Down", "", "Line below"),
    on(&[Way], KeyCode::Left, A::Up, "Left", "", "The one before"),
    on(&[Way], KeyCode::Right, A::Down, "Right", "", "The one after"),
    on(BEFORE, KeyCode::PageUp, A::PageUp, "PageUp", "", "Previous page"),
    on(BEFORE, KeyCode::PageDown, A::PageDown, "PageDown", "", "Next page"),
    ctrl(&[Target], 'n', A::Suggest, "Ctrl-N", "namespaces", "Next namespace of the cluster that fits what is typed"),
    ctrl(&[Target], 'u', A::Reset, "Ctrl-U", "", "Back to the default"),
    ctrl(BEFORE, 'o', A::Pages, "Ctrl-O", "pages", "Every page, and what stands on it: Enter goes there"),
    ctrl(BEFORE, 'c', A::Interrupt, "Ctrl-C", "leave...", "Asks whether to leave; again within 2 seconds leaves"),
    on(&[Opens], KeyCode::Enter, A::Accept, "Enter", "open", "Open it, to change its entries"),
    on(FORM, KeyCode::Enter, A::Accept, "Enter", "next", "Take what is marked or typed, and go on"),
    on(&[Opens], KeyCode::Tab, A::Next, "Tab", "next", "Next question"),
    on(FORM, KeyCode::Tab, A::Next, "Tab", "", "Next question"),
    on(FORM, KeyCode::Esc, A::Back, "Esc", "back", "Previous page; before the first one asks whether to leave"),
    on(FORM, KeyCode::BackTab, A::Previous, "Shift-Tab", "", "Previous question or page; never checks"),
    ctrl(&[Offered], 'n', A::Suggest, "Ctrl-N", "list", "What the cluster has, to choose from; typing filters it"),
    ctrl(&[Masked], 'r', A::Reveal, "Ctrl-R", "show 5 s", "Show the secret for 5 seconds"),
    ctrl(&[Masked], 'y', A::Copy, "Ctrl-Y", "copy", "Copy the secret, if your terminal allows it (OSC 52)"),
    ctrl(&[Masked], 'g', A::Generate, "Ctrl-G", "make", "Let slipway make the secret; asks before it replaces one"),
    ctrl(&[Masked], 'n', A::Suggest, "Ctrl-N", "", "Secrets of the namespace, to refer to a key of one"),
    ctrl(FORM, 'o', A::Pages, "Ctrl-O", "pages", "Every page, and what is missing or wrong: Enter goes there"),
    ctrl(FORM, 'p', A::Preview, "Ctrl-P", "preview", "What the answers make: other objects, and their YAML"),
    ctrl(FORM, 'c', A::Interrupt, "Ctrl-C", "leave...", "Asks whether to leave; again within 2 seconds leaves"),
    ctrl(FORM, 'a', A::Advanced, "Ctrl-A", "advanced", "Show or hide advanced questions"),
    ctrl(FORM, 'u', A::Reset, "Ctrl-U", "", "Back to what stands without an answer of yours"),
    on(FORM, KeyCode::Up, A::Up, "Up", "", "Line above"),
    on(FORM, KeyCode::Down, A::Down, "Down", "", "Line below"),
    on(FORM, KeyCode::PageUp, A::PageUp, "PageUp", "", "Previous page"),
    on(FORM, KeyCode::PageDown, A::PageDown, "PageDown", "", "Next page; what was typed is checked"),
    on(&[Pages], KeyCode::Enter, A::Accept, "Enter", "go there", "Go to what is marked"),
    on(&[Pages], KeyCode::Tab, A::Next, "Tab", "", "Line below"),
    on(&[Pages], KeyCode::BackTab, A::Previous, "Shift-Tab", "", "Line above"),
    on(&[Pages], KeyCode::Esc, A::Back, "Esc", "back", "Back to the page"),
    ctrl(&[Pages], 'o', A::Back, "Ctrl-O", "", "Back to the page"),
    on(&[Picker], KeyCode::Enter, A::Accept, "Enter", "take it", "Take what is marked"),
    on(&[Picker], KeyCode::Up, A::Up, "Up", "", "Line above"),
    on(&[Picker], KeyCode::Down, A::Down, "Down", "", "Line below"),
    on(&[Picker], KeyCode::BackTab, A::Up, "Shift-Tab", "", "Line above"),
    on(&[Picker], KeyCode::Tab, A::Down, "Tab", "next", "Line below"),
    on(&[Picker], KeyCode::PageUp, A::PageUp, "PageUp", "", "Ten lines up"),
    on(&[Picker], KeyCode::PageDown, A::PageDown, "PageDown", "", "Ten lines down"),
    on(&[Picker], KeyCode::Backspace, A::Remove, "Backspace", "", "One letter less in the filter"),
    on(&[Picker], KeyCode::Esc, A::Back, "Esc", "back", "The whole list again, then back to the field"),
    on(&[Preview], KeyCode::Up, A::Up, "Up", "", "Object above"),
    on(&[Preview], KeyCode::Down, A::Down, "Down", "object", "Object below"),
    on(&[Preview], KeyCode::Char('k'), A::Up, "k", "", "Object above"),
    on(&[Preview], KeyCode::Char('j'), A::Down, "j", "", "Object below"),
    on(&[Preview], KeyCode::Tab, A::Next, "Tab", "next change", "Next object that the last answer changed"),
    on(&[Preview], KeyCode::BackTab, A::Previous, "Shift-Tab", "", "The one before"),
    on(&[Preview], KeyCode::PageDown, A::PageDown, "PageDown", "YAML", "Ten lines down in the YAML"),
    on(&[Preview], KeyCode::PageUp, A::PageUp, "PageUp", "", "Ten lines up in the YAML"),
    on(&[Preview], KeyCode::Home, A::Start, "Home", "", "First line of the YAML"),
    on(&[Preview], KeyCode::End, A::End, "End", "", "Last line of the YAML"),
    on(&[Preview], KeyCode::Esc, A::Back, "Esc", "back", "Back to the questions"),
    on(&[Preview], KeyCode::Enter, A::Back, "Enter", "", "Back to the questions"),
    ctrl(&[Preview], 'p', A::Back, "Ctrl-P", "", "Back to the questions"),
    on(&[Entries], KeyCode::Enter, A::Accept, "Enter", "next", "Next entry; on the empty one at the end: done"),
    on(&[Entries], KeyCode::Tab, A::Next, "Tab", "", "Next field or entry; after the last: done"),
    on(&[Entries], KeyCode::BackTab, A::Previous, "Shift-Tab", "", "Previous field or entry; before the first: back"),
    on(&[Entries], KeyCode::Up, A::Up, "Up", "", "Entry above"),
    on(&[Entries], KeyCode::Down, A::Down, "Down", "", "Entry below"),
    ctrl(&[Entries], 'k', A::Remove, "Ctrl-K", "remove", "Remove the entry"),
    on(&[Entries], KeyCode::PageUp, A::PageUp, "PageUp", "move up", "Move the entry up"),
    on(&[Entries], KeyCode::PageDown, A::PageDown, "PageDown", "down", "Move the entry down"),
    on(&[Entries], KeyCode::Esc, A::Back, "Esc", "done", "Back to the page; what was typed is kept"),
    on(&[Sure], KeyCode::Enter, A::Accept, "Enter", "do it", "What is marked is done"),
    on(&[Sure], KeyCode::Tab, A::Next, "Tab", "next", "Next choice"),
    on(&[Sure], KeyCode::BackTab, A::Previous, "Shift-Tab", "", "Previous choice"),
    on(&[Sure], KeyCode::Esc, A::Back, "Esc", "keep it", "Keep the one that stands"),
    on(&[Lines], KeyCode::Enter, A::NewLine, "Enter", "new line", "A new line"),
    on(&[Lines], KeyCode::Tab, A::Accept, "Tab", "done", "Take the lines"),
    on(&[Lines], KeyCode::Esc, A::Back, "Esc", "back", "Back to the page; the lines are kept"),
    on(LISTS, KeyCode::Up, A::Up, "Up", "", "Line above"),
    on(LISTS, KeyCode::Down, A::Down, "Down", "", "Line below"),
    on(LISTS, KeyCode::Char('k'), A::Up, "k", "", "Line above"),
    on(LISTS, KeyCode::Char('j'), A::Down, "j", "", "Line below"),
    on(LOGS, KeyCode::PageUp, A::PageUp, "PageUp", "", "The log a page up; it stands still then"),
    on(LOGS, KeyCode::PageDown, A::PageDown, "PageDown", "", "The log a page down; at its end it follows"),
    on(LISTS, KeyCode::PageUp, A::PageUp, "PageUp", "", "Ten lines up"),
    on(LISTS, KeyCode::PageDown, A::PageDown, "PageDown", "", "Ten lines down"),
    on(&[Help], KeyCode::Esc, A::Back, "Esc", "back", "Back"),
    on(&[Help], KeyCode::Char('?'), A::Back, "?", "back", "Back"),
    on(&[Waiting, Unmade], KeyCode::Char('?'), A::Help, "?", "help", "This page"),
    ctrl(
        &[Progress, Stuck, StuckMend],
        'c',
        A::Interrupt,
        "Ctrl-C",
        "stop...",
        "Asks how to stop: after this step, now, or leave it running",
    ),
    ctrl(&[Done, Failed, FailedMend, Idle, Ended, Looking], 'c', A::Interrupt, "Ctrl-C", "", "Leave"),
    ctrl(EVERYWHERE, 'c', A::Interrupt, "Ctrl-C", "", "Asks whether to leave; again within 2 seconds leaves"),
    ctrl(EVERYWHERE, 'l', A::Redraw, "Ctrl-L", "", "Draw the screen anew"),
    ctrl(EVERYWHERE, 'z', A::Suspend, "Ctrl-Z", "", "Back to the shell for a while; fg returns"),
    on(
        &[
            Progress, Stuck, StuckMend, Looking, Zoomed, Failed, FailedMend, Idle, Done, Ended, Timeline, Review,
            PlanOnly, Blocked, Agree, PlanAgree, Draft, Way, Target, Wizard, Opens, Preview, Fates,
        ],
        KeyCode::Char('?'),
        A::Help,
        "?",
        "help",
        "This page",
    ),
    on(TYPING, KeyCode::F(1), A::Help, "F1", "help", "This page"),
    on(EVERYWHERE, KeyCode::F(1), A::Help, "F1", "", "This page, while typing too"),
];

/// What a key does in a place; only presses count, since some terminals report releases too.
pub(super) fn action(place: Place, key: &KeyEvent) -> Option<Action> {
    if key.kind == KeyEventKind::Release {
        return None;
    }
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let code = match key.code {
        KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        code => code,
    };
    rows(place).find(|row| row.code == code && row.ctrl == ctrl).map(|row| row.action)
}

/// The character that a key types, if it types one.
pub(super) fn typed(key: &KeyEvent) -> Option<char> {
    let other = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER | KeyModifiers::META;
    match key.code {
        KeyCode::Char(c) if key.kind != KeyEventKind::Release && !key.modifiers.intersects(other) => Some(c),
        _ => None,
    }
}

/// The rows of a place, in order, a key once.
pub(super) fn rows(place: Place) -> impl Iterator<Item = &'static Binding> {
    TABLE.iter().enumerate().filter_map(move |(i, row)| {
        let here = row.places.contains(&place);
        let earlier = TABLE[..i]
            .iter()
            .any(|other| other.places.contains(&place) && other.code == row.code && other.ctrl == row.ctrl);
        (here && !earlier).then_some(row)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_that_terminals_swallow_or_alias_is_used() {
        for row in TABLE {
            let KeyCode::Char(letter) = row.code else { continue };
            assert!(!(row.ctrl && "hijmsq[".contains(letter)), "{}", row.key);
        }
    }

    #[test]
    fn every_place_has_a_way_back_and_a_footer() {
        for place in EVERYWHERE {
            assert!(rows(*place).any(|row| !row.short.is_empty()), "{place:?}");
            let back = |row: &Binding| matches!(row.action, A::Back | A::Interrupt | A::Quit);
            assert!(rows(*place).any(back), "{place:?}");
            let ctrl_c = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
            assert_eq!(action(*place, &ctrl_c), Some(A::Interrupt), "{place:?}");
        }
    }

    #[test]
    fn a_released_key_does_nothing() {
        let mut key = KeyEvent::new(KeyCode::Esc, KeyModifiers::NONE);
        assert_eq!(action(Wizard, &key), Some(A::Back));
        key.kind = KeyEventKind::Release;
        assert_eq!(action(Wizard, &key), None);
    }
}
