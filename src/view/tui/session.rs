//! The way in, questions and review as one session on the full screen: the terminal is entered once and left once.

use std::cell::RefCell;
use std::io;

use futures::stream::FuturesUnordered;
use futures::{Stream, StreamExt as _};
use ratatui::Terminal;
use ratatui::backend::Backend;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::event_loop::{Hooks, Input, run};
use super::review::{self, Decided};
use super::wizard::{self, Left};
use super::{Guard, Msg, Screen, Signal, StopChoice, Theme, draft as offered, menu, terminal, waiting, way};
use crate::answers::Form;
use crate::answers::draft::Draft;
use crate::error::{Failure, FailureKind, NOTHING_WRITTEN};
use crate::view::draft::{self, Choice, Offer};
use crate::view::form::{Answered, FormQuestions};
use crate::view::overview::Overview;
use crate::view::questions::Questions as _;
use crate::view::way::{Ask, Chosen, Entry, Guide, Told, Way, Why};

/// Writes the answers file while a screen is shown.
struct Saves<'a>(&'a Form, &'a dyn Guide);

impl Hooks for Saves<'_> {
    fn stop(&mut self, _choice: StopChoice) {}
    fn save(&mut self) -> String {
        self.1.save(self.0)
    }
}

/// Hands on what a screen asks.
struct Asks(UnboundedSender<Ask>);

impl Hooks for Asks {
    fn stop(&mut self, _choice: StopChoice) {}
    fn save(&mut self) -> String {
        String::new()
    }
    fn ask(&mut self, ask: Ask) {
        // Nobody listens any more only when the session ends.
        let _asked = self.0.send(ask);
    }
}

/// The forms that were made, and what for.
type Made = RefCell<Vec<(Chosen, FormQuestions)>>;

/// Asks the guide, several things at once, while the screen lives on.
async fn work(guide: &dyn Guide, mut asks: UnboundedReceiver<Ask>, told: UnboundedSender<Told>, made: &Made) {
    let mut running = FuturesUnordered::new();
    loop {
        tokio::select! {
            Some(ask) = asks.recv() => running.push(one(guide, ask, made)),
            Some(answer) = running.next(), if !running.is_empty() => {
                let _told = told.send(answer);
            }
        }
    }
}

async fn one(guide: &dyn Guide, ask: Ask, made: &Made) -> Told {
    match ask {
        Ask::Contact(context) => {
            let seen = guide.contact(&context).await;
            Told::Contacted(context, seen)
        }
        Ask::Look(chosen) => {
            let seen = guide.look(&chosen).await;
            Told::Looked(chosen, seen)
        }
        Ask::Prepare(chosen) => match guide.prepare(&chosen).await {
            Ok(questions) => {
                made.borrow_mut().push((chosen.clone(), questions));
                Told::Prepared(chosen, Ok(()))
            }
            Err(failure) => Told::Prepared(chosen, Err(failure)),
        },
    }
}

/// The terminal with everything that comes in.
pub(super) struct Stage<B: Backend, I> {
    screen: Terminal<B>,
    input: I,
    asks: UnboundedSender<Ask>,
}

impl<B: Backend<Error = io::Error>, I: Stream<Item = Input> + Unpin> Stage<B, I> {
    /// Offers a draft: the one to go on with, none to begin anew; `Err` is how the session ended here.
    async fn offer(
        &mut self,
        offer: Offer,
        way: &Way,
        guide: &dyn Guide,
        theme: Theme,
    ) -> Result<Result<Option<Draft>, Answered>, Failure> {
        let mut app = offered::App::new(offer.clone(), way.whereabouts(), theme);
        loop {
            self.show(&mut app).await?;
            return Ok(match app.left() {
                Some(offered::Left::Chosen(Choice::GoOn)) => Ok(offer.draft.ok()),
                Some(offered::Left::Chosen(Choice::Anew)) => Ok(None),
                Some(offered::Left::Chosen(Choice::ThrowAway)) => match guide.throw_away() {
                    Ok(()) => Ok(None),
                    Err(failure) => {
                        app.stay_here(&failure.what);
                        continue;
                    }
                },
                Some(offered::Left::Signal(Signal::Interrupt)) => Err(Answered::Interrupted),
                Some(offered::Left::Signal(_)) => Err(Answered::Terminated(None)),
                Some(offered::Left::Quit) | None => Err(Answered::Left),
            });
        }
    }

    pub(super) async fn show(&mut self, app: &mut impl Screen) -> Result<(), Failure> {
        let mut hooks = Asks(self.asks.clone());
        run(&mut self.screen, app, &mut self.input, None, &mut hooks).await.map_err(unusable)
    }

    /// Makes the plan while a screen says so; `Err` is how that was left before there was one.
    async fn plan(
        &mut self,
        guide: &dyn Guide,
        chosen: &Chosen,
        questions: &FormQuestions,
        theme: Theme,
    ) -> Result<Result<Overview, waiting::Left>, Failure> {
        let here = questions.whereabouts();
        loop {
            let mut app = waiting::App::new(here.clone(), theme);
            let planned = tokio::select! {
                biased;
                planned = guide.overview(chosen, questions.form()) => planned,
                shown = self.show(&mut app) => {
                    shown?;
                    return Ok(Err(app.left().unwrap_or(waiting::Left::Back)));
                }
            };
            let failure = match planned {
                Ok(overview) => return Ok(Ok(overview)),
                Err(failure) => failure,
            };
            let mut app = waiting::App::new(here.clone(), theme).failed(failure);
            self.show(&mut app).await?;
            match app.left() {
                Some(waiting::Left::Again) => {}
                left => return Ok(Err(left.unwrap_or(waiting::Left::Back))),
            }
        }
    }
}

/// Settles where to, asks, shows what would be done, and goes back as often as the operator likes.
///
/// # Errors
/// The terminal cannot be used; nothing was written.
pub async fn session(entry: Entry, guide: &dyn Guide, theme: Theme) -> Result<Answered, Failure> {
    let guard = Guard::enter().map_err(unusable)?;
    let screen = terminal::open().map_err(unusable)?;
    let keys = terminal::input().map_err(unusable)?;
    let ended = tokio::select! {
        ended = on(screen, keys, entry, guide, theme) => ended,
        () = terminal::panicked() => Err(unusable(io::Error::other("a fault of slipway closed the screen"))),
    };
    drop(guard);
    ended
}

/// The same on any terminal with any input, so that tests run the real session.
pub(crate) async fn on<B: Backend<Error = io::Error>>(
    screen: Terminal<B>,
    keys: impl Stream<Item = Input> + Unpin,
    entry: Entry,
    guide: &dyn Guide,
    theme: Theme,
) -> Result<Answered, Failure> {
    let (asks, asked) = unbounded_channel();
    let (tell, told) = unbounded_channel();
    let told = futures::stream::unfold(told, async |mut told: UnboundedReceiver<Told>| {
        let one = told.recv().await?;
        Some((Input::Told(Box::new(one)), told))
    });
    // The end of the keys is the end of the input, whatever may still be told.
    let ends = keys.map(Some).chain(futures::stream::once(std::future::ready(None)));
    let input =
        futures::stream::select(ends, told.map(Some).boxed_local()).take_while(|one| std::future::ready(one.is_some()));
    let stage = Stage { screen, input: input.filter_map(std::future::ready).boxed_local(), asks };
    let made = Made::default();
    tokio::select! {
        ended = steps(stage, entry, guide, theme, &made) => ended,
        () = work(guide, asked, tell, &made) => Ok(Answered::Left),
    }
}

async fn steps<B: Backend<Error = io::Error>, I: Stream<Item = Input> + Unpin>(
    mut stage: Stage<B, I>,
    entry: Entry,
    guide: &dyn Guide,
    theme: Theme,
    made: &Made,
) -> Result<Answered, Failure> {
    let Entry { mut way, offer, mut again, menu } = entry;
    if let Some(before) = menu {
        match menu::show(&mut stage, before.of, Some(before.deed), guide, theme).await? {
            menu::Ended::Back => {}
            other => return Ok(ended(other)),
        }
    }
    let mut draft = None;
    if let Some(offer) = offer {
        match stage.offer(offer, &way, guide, theme).await? {
            Ok(taken) => draft = taken,
            Err(answered) => return Ok(answered),
        }
    }
    if let Some(draft) = &draft {
        way.take_up(draft);
    }
    let mut entry = way::App::new(way, theme);
    let mut answered: Option<(Chosen, FormQuestions, wizard::Spot)> = None;
    loop {
        stage.show(&mut entry).await?;
        match entry.left() {
            Some(way::Left::Next) => {}
            Some(way::Left::Release(of)) => match menu::show(&mut stage, of, None, guide, theme).await? {
                menu::Ended::Back => {
                    entry.stay_here("");
                    continue;
                }
                other => return Ok(ended(other)),
            },
            Some(way::Left::Draft) => {
                let form = answered.as_ref().map(|(_, questions, _)| questions.form());
                match guide.keep(draft::of(entry.way(), form)) {
                    Ok(kept) => return Ok(Answered::Kept(kept)),
                    Err(failure) => entry.stay_here(&failure.what),
                }
                continue;
            }
            Some(way::Left::Signal(signal)) => {
                let form = answered.as_ref().map(|(_, questions, _)| questions.form());
                return Ok(by(signal, guide, draft::of(entry.way(), form)));
            }
            Some(way::Left::Quit) | None => return Ok(Answered::Left),
        }
        let wanted = entry.way().chosen();
        let fresh = made.take().into_iter().rev().find(|(chosen, _)| Some(chosen) == wanted.as_ref());
        let mut told = Vec::new();
        // Where one is in the questions: what a draft comes back to.
        let mut here = String::new();
        let mut path: Option<String> = None;
        if let Some((chosen, mut questions)) = fresh {
            // What was typed before stays where it still fits.
            let earlier = answered.as_ref().map(|(_, questions, _)| questions.form());
            if let Some(earlier) = earlier.or(again.as_ref().map(|again| &again.form)) {
                questions.form_mut().carry(earlier);
            }
            if let Some(draft) = draft.take_if(|draft| draft.product == chosen.product) {
                let gone = questions.form_mut().take_up(&draft.answers);
                path = Some(draft.at.clone()).filter(|at| !at.is_empty());
                told.extend((!gone.is_empty()).then(|| format!("no longer asked: {}", gone.join(", "))));
                told.extend(Some(draft::not_kept(&draft)).filter(|text| !text.is_empty()));
            }
            answered = Some((chosen, questions, wizard::Spot::default()));
        }
        let Some((chosen, mut questions, spot)) = answered.take() else { return Ok(Answered::Left) };
        let mut spot = Some(spot);
        // The page before the questions that one goes back to: the last one, unless another was chosen.
        let mut before = usize::MAX;
        // What was agreed to before is looked at again, not asked again.
        let mut moved = match again.take().map(|again| again.why) {
            Some(Why::Moved(moved)) => Some(moved),
            Some(Why::Mend(at)) => {
                path = Some(at);
                told.push("what is there stays; the plan is shown again before anything is written".to_string());
                None
            }
            None => None,
        };
        // Where nothing is new, what would be done is shown at once; from there one comes to every answer.
        let mut at_once = path.is_none() && questions.has_nothing_new();
        loop {
            if (moved.is_none() && !std::mem::take(&mut at_once)) || !questions.is_complete() {
                let mut asked = wizard::App::new(&mut questions, theme, None);
                if let Some(spot) = spot.take() {
                    asked.come_back(spot);
                }
                if let Some(path) = path.take() {
                    asked.go_to(&path);
                }
                if !told.is_empty() {
                    asked.update(Msg::Said(std::mem::take(&mut told).join("; ")));
                }
                stage.show(&mut asked).await?;
                let left = asked.left();
                spot = Some(asked.spot());
                here = asked.here();
                match left {
                    Some(Left::ToReview) => {}
                    Some(Left::Back) => break,
                    Some(Left::BackTo(page)) => {
                        before = page;
                        break;
                    }
                    Some(Left::Draft) => match guide.keep(draft::at(&here, entry.way(), questions.form())) {
                        Ok(kept) => return Ok(Answered::Kept(kept)),
                        Err(failure) => {
                            told.push(failure.what);
                            continue;
                        }
                    },
                    Some(Left::Signal(signal)) => {
                        return Ok(by(signal, guide, draft::at(&here, entry.way(), questions.form())));
                    }
                    Some(Left::Quit) | None => return Ok(Answered::Left),
                }
            }
            let planned = match stage.plan(guide, &chosen, &questions, theme).await? {
                Ok(planned) => planned,
                Err(waiting::Left::Back | waiting::Left::Again) => {
                    moved = None;
                    continue;
                }
                Err(waiting::Left::Signal(signal)) => {
                    return Ok(by(signal, guide, draft::at(&here, entry.way(), questions.form())));
                }
            };
            let pages = questions.before().len() + questions.pages().len() + 1;
            let mut reviewed = review::App::new(planned.clone(), theme).last_of(pages);
            if let Some(moved) = moved.take() {
                reviewed = reviewed.moved(moved);
            }
            loop {
                let mut saves = Saves(questions.form(), guide);
                run(&mut stage.screen, &mut reviewed, &mut stage.input, None, &mut saves).await.map_err(unusable)?;
                match reviewed.decided() {
                    Some(Decided::Yes) => return Ok(Answered::Yes(Box::new(questions.into_form()), Box::new(planned))),
                    Some(Decided::Back) => break,
                    Some(Decided::Mend(to)) => {
                        path = Some(to);
                        break;
                    }
                    Some(Decided::Draft) => match guide.keep(draft::at(&here, entry.way(), questions.form())) {
                        Ok(kept) => return Ok(Answered::Kept(kept)),
                        Err(failure) => reviewed.come_back(&failure.what),
                    },
                    Some(Decided::Signal(signal)) => {
                        return Ok(by(signal, guide, draft::at(&here, entry.way(), questions.form())));
                    }
                    Some(Decided::Quit) | None => return Ok(Answered::Left),
                }
            }
        }
        answered = Some((chosen, questions, spot.unwrap_or_default()));
        entry.come_back_to(before);
    }
}

/// How a session ends on the page of a release; nothing was decided that could be kept.
fn ended(menu: menu::Ended) -> Answered {
    match menu {
        menu::Ended::Wanted(wanted) => Answered::Wanted(Box::new(wanted)),
        menu::Ended::Signal(Signal::Interrupt) => Answered::Interrupted,
        menu::Ended::Signal(_) => Answered::Terminated(None),
        menu::Ended::Quit | menu::Ended::Back => Answered::Left,
    }
}

/// A signal cannot be answered: what was decided is kept, so that a lost connection loses nothing.
fn by(signal: Signal, guide: &dyn Guide, draft: Draft) -> Answered {
    match signal {
        Signal::Interrupt => Answered::Interrupted,
        Signal::Terminate | Signal::Hangup => Answered::Terminated(guide.keep(draft).ok()),
    }
}

/// The terminal cannot be entered or drawn; nothing was written yet.
pub(super) fn unusable(error: io::Error) -> Failure {
    Failure::new(FailureKind::Usage, "the full screen cannot be shown on this terminal")
        .why(error.to_string())
        .state(NOTHING_WRITTEN)
        .hint("ask in lines instead: --plain")
}
