use super::rehearsal::{answer, way};
use super::*;

/// Lets the outside answer as long as there is something to ask.
fn settle(way: &mut Way, mut ask: Option<Ask>) {
    while let Some(asked) = ask {
        ask = way.take(answer(asked));
    }
}

#[test]
fn what_is_given_settles_its_page_and_a_choice_opens_it_again() {
    let mut way = way(&[
        (Part::Context, "kind-dev", "--context"),
        (Part::Product, "inngest", "the command line"),
        (Part::Profile, "production", "--profile"),
        (Part::Namespace, "events", "--namespace"),
    ]);
    assert_eq!(way.first_open(), None);
    assert_eq!(way.settled(Stop::Profile).as_deref(), Some("--profile"));
    way.choose_profile("staging");
    assert_eq!((way.profile(), way.first_open()), (Some("staging"), Some(Stop::Profile)));
    assert_eq!(
        way.chosen().map(|chosen| (chosen.namespace, chosen.release)),
        Some(("events".into(), "inngest".into()))
    );
}

#[test]
fn another_product_brings_its_own_namespace_and_keeps_what_was_typed() {
    let mut way = way(&[]);
    way.choose_product("inngest");
    way.choose_profile("production");
    way.choose_product("prefect");
    assert_eq!((way.namespace(), way.release(), way.profile()), ("prefect", "prefect", Some("development")));
    way.set_namespace("mine");
    way.choose_product("inngest");
    assert_eq!((way.namespace(), way.release()), ("mine", "inngest"));
}

#[test]
fn a_product_that_is_installed_is_upgraded_where_it_is_unless_another_place_is_chosen() {
    let mut way = way(&[(Part::Product, "inngest", "the command line")]);
    way.contexts.push(ContextChoice { name: "busy".into(), ..ContextChoice::default() });
    let ask = way.choose_context("busy");
    settle(&mut way, Some(ask));
    assert_eq!((way.namespace(), way.release()), ("events", "queue"));
    assert_eq!(way.installed()[0].place(), "inngest v1.42.0 in events, deployed");
    way.set_namespace("inngest");
    assert_eq!((way.namespace(), way.release()), ("inngest", "inngest"));
    let ask = way.ask_look();
    settle(&mut way, ask);
    assert_eq!(way.whereabouts().doing, "upgrade inngest");
    let notes = format!("{:?}", way.release_notes());
    assert!(notes.contains("slipway uninstall inngest -n inngest"), "{notes}");
}

#[test]
fn an_answer_that_nobody_waits_for_any_more_is_dropped() {
    let mut way = way(&[]);
    let first = way.choose_context("gone");
    let second = way.choose_context("kind-dev");
    way.take(answer(second));
    way.take(answer(first));
    assert!(matches!(way.contact(), Contact::Seen(_)), "{:?}", way.contact());
}

#[test]
fn a_release_that_stands_there_keeps_its_profile_until_another_is_chosen() {
    let mut way = way(&[(Part::Product, "inngest", "the command line")]);
    let ask = way.choose_context("kind-dev");
    settle(&mut way, Some(ask));
    assert_eq!(way.profile(), Some("development"));
    let ask = way.ask_look();
    settle(&mut way, ask);
    assert_eq!(way.profile(), Some("production"));
    way.choose_profile("staging");
    way.set_namespace("default");
    let ask = way.ask_look();
    settle(&mut way, ask);
    way.set_namespace("inngest");
    let ask = way.ask_look();
    settle(&mut way, ask);
    assert_eq!(way.profile(), Some("staging"));
    let notes = format!("{:?}", way.release_notes());
    assert!(notes.contains("it was installed with the profile production"), "{notes}");
}

#[test]
fn a_name_that_another_product_has_and_a_second_release_of_a_singleton_are_refused() {
    let mut way = way(&[(Part::Product, "inngest", "the command line")]);
    let ask = way.choose_context("kind-dev");
    settle(&mut way, Some(ask));
    for (namespace, release, said) in [
        ("taken", "inngest", Some("inngest is taken by prefect v1.42.0, revision 3, deployed")),
        ("inngest", "second", Some("its names are constants")),
        ("default", "inngest", None),
        ("Bad", "inngest", Some("may hold small letters")),
        ("default", "", Some("is empty")),
    ] {
        way.set_namespace(namespace);
        way.set_release(release);
        let ask = way.ask_look();
        settle(&mut way, ask);
        let open = way.open(Stop::Target);
        match said {
            Some(said) => assert!(open.as_ref().is_some_and(|open| open.contains(said)), "{namespace}: {open:?}"),
            None => assert_eq!(open, None),
        }
    }
}

#[test]
fn what_an_earlier_install_left_is_decided_about_before_one_goes_on() {
    let mut way = way(&[(Part::Product, "inngest", "the command line")]);
    let ask = way.choose_context("kind-dev");
    settle(&mut way, Some(ask));
    way.set_namespace("kept");
    let ask = way.ask_look();
    settle(&mut way, ask);
    assert!(way.open(Stop::Target).is_some_and(|open| open.contains("use, aside or wipe")));
    way.set_existing("keep");
    assert!(way.open(Stop::Target).is_some(), "a word that means nothing");
    way.set_existing("aside");
    assert_eq!(way.open(Stop::Target), None);
    let existing = way.chosen().map(|chosen| chosen.existing).unwrap_or_default();
    assert_eq!(existing, ["inngest-postgresql=aside", "inngest-keys-1=aside"]);
    // What was said of one place is not said of another.
    for namespace in ["default", "kept"] {
        way.set_namespace(namespace);
        let ask = way.ask_look();
        settle(&mut way, ask);
    }
    assert!(way.open(Stop::Target).is_some());
    way.given.insert(Part::Existing, Settled { value: "said".into(), by: "--existing".into() });
    assert_eq!(way.open(Stop::Target), None, "flags have said it");
}

#[test]
fn a_form_is_asked_for_once_and_again_only_for_something_else() {
    let mut way = way(&[(Part::Product, "inngest", "the command line")]);
    let ask = way.choose_context("kind-dev");
    settle(&mut way, Some(ask));
    let ask = way.ask_prepare();
    assert!(matches!(ask, Some(Ask::Prepare(_))));
    assert_eq!(way.ask_prepare(), None);
    settle(&mut way, ask);
    assert!(way.is_ready() && way.ask_prepare().is_none());
    way.choose_profile("production");
    assert!(!way.is_ready() && way.ask_prepare().is_some());
}

#[test]
fn a_cluster_looks_like_production_by_whole_words_of_its_name() {
    for (context, server, looks) in [
        ("prod-eu", "https://10.0.0.1", true),
        ("gke_acme_europe_PROD1", "https://10.0.0.1", true),
        ("eu", "https://k8s.production.example.com", true),
        ("kind-dev", "https://127.0.0.1", false),
        ("product-team", "https://reproduction.example.com", false),
    ] {
        assert_eq!(looks_like_production(context, server).is_some(), looks, "{context} {server}");
    }
}
