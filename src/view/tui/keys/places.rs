//! Places that have keys in common.

use super::Place::{
    self, Agree, Asking, Blocked, Consent, ConsentName, Contest, Done, Draft, Ended, Entries, Failed, FailedMend,
    Fates, Filter, Help, Idle, Leaving, Lines, Looking, Masked, Menu, Moved, Moving, Offered, Opens, Pages, Picker,
    PlanAgree, PlanName, PlanOnly, Preview, Progress, Review, Stopping, Stuck, StuckMend, Sure, TakeOver, Target, Text,
    Timeline, Typed, Unmade, Unread, Waiting, Way, Wizard, Zoomed,
};

/// A tree with a log under it.
pub(super) const RUN: &[Place] = &[Progress, Stuck, StuckMend, Looking, Failed, FailedMend, Idle, Ended];
/// A log.
pub(super) const LOGS: &[Place] = &[Progress, Stuck, StuckMend, Looking, Failed, FailedMend, Idle, Ended, Zoomed];
/// The run is over, or another's.
pub(super) const FREE: &[Place] = &[Looking, Failed, FailedMend, Idle, Done, Ended];
pub(super) const LISTS: &[Place] = &[
    Progress, Stuck, StuckMend, Looking, Zoomed, Failed, FailedMend, Idle, Done, Ended, Timeline, Stopping, Review,
    PlanOnly, Blocked, Agree, PlanAgree, Leaving, Sure, Draft, Pages, Help, Fates, Menu, Text, Contest, Consent,
];
pub(super) const REVIEW: &[Place] = &[Review, PlanOnly, Blocked];
pub(in super::super) const EVERYWHERE: &[Place] = &[
    Progress,
    Stuck,
    StuckMend,
    Looking,
    Zoomed,
    Failed,
    FailedMend,
    Idle,
    Done,
    Ended,
    Filter,
    Timeline,
    Stopping,
    Review,
    PlanOnly,
    Blocked,
    Agree,
    PlanAgree,
    Way,
    Target,
    Wizard,
    Typed,
    Offered,
    Masked,
    Opens,
    Picker,
    Preview,
    Entries,
    Lines,
    Leaving,
    Sure,
    Draft,
    Pages,
    Help,
    Waiting,
    Unmade,
    PlanName,
    Fates,
    Menu,
    Text,
    Asking,
    Unread,
    Contest,
    TakeOver,
    Consent,
    ConsentName,
    Moving,
    Moved,
];
pub(super) const BEFORE: &[Place] = &[Way, Target];
/// A page of questions, whatever has the focus.
pub(super) const FORM: &[Place] = &[Wizard, Typed, Offered, Masked, Opens];
/// Where `?` is a letter.
pub(super) const TYPING: &[Place] = &[Typed, Offered, Masked, Picker, Entries, Lines, PlanName, TakeOver, ConsentName];
