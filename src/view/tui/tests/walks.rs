//! Every path of Inngest's questions, forwards and backwards, with faults on the way.

use super::super::wizard::Left;
use super::super::{Effect, Screen};
use super::inngest::{app, facts, form, is_marked, seen, to};
use super::{drawn, press};
use crate::view::questions::Questions as _;

/// A step: the line that is gone to, what is pressed there, and what the screen then says.
type Step = (&'static str, &'static str, &'static str);

/// A path: its profile, its steps, and answers that it leads to.
struct Path {
    profile: &'static str,
    steps: &'static [Step],
    answers: &'static [(&'static str, &'static str)],
}

const PATHS: &[Path] = &[
    Path {
        profile: "development",
        steps: &[],
        answers: &[("database.mode", "bundled"), ("exposure.mode", "clusterip")],
    },
    Path {
        profile: "production",
        steps: &[
            ("Storage ", "backspace backspace backspace backspace \"lots\" enter", "must be a Kubernetes quantity"),
            ("Storage ", "ctrl-u backspace backspace \"Mi\" enter", "PostgreSQL needs more than 256Mi"),
            ("Storage ", "ctrl-u enter", "> Storage class"),
            ("Storage class", "ctrl-n \"prem\" enter", ""),
        ],
        answers: &[("database.storage", "20Gi"), ("database.storageClass", "premium-rwo")],
    },
    Path {
        profile: "development",
        steps: &[
            ("A PostgreSQL that exists", "space", "Connection URL"),
            ("Connection URL", "enter", "is not answered"),
            ("Connection URL", "\"mysql://db.example.com\" enter", "must begin with postgres://"),
            ("Connection URL", "\"postgres://u:p@db.example.com/i\" enter", ""),
        ],
        answers: &[("database.mode", "external"), ("database.by", "url")],
    },
    Path {
        profile: "development",
        steps: &[("A PostgreSQL that exists", "2", ""), ("Connection URL", "ctrl-n \"url\" enter", "")],
        answers: &[("database.mode", "external")],
    },
    Path {
        profile: "development",
        steps: &[
            ("A PostgreSQL that exists", "2", ""),
            ("By host, user and password", "enter", "> Host"),
            ("Host ", "\"https://db\" enter", "must be a host name alone"),
            ("Host ", "ctrl-u \"db.example.com\" enter", "> Port"),
            ("Port ", "backspace backspace backspace backspace \"x\" enter", "must be a whole number"),
            ("Port ", "ctrl-u enter", "> Database"),
            ("Password ", "\"secret-one\" enter", ""),
            ("Yes, without checking", "1", "yours; the default is Yes, without checking who answers"),
        ],
        answers: &[("database.by", "parts"), ("database.host", "db.example.com"), ("database.sslmode", "verify-full")],
    },
    Path {
        profile: "development",
        steps: &[("SQLite in the pod", "space", ""), ("In memory: one replica", "space", "")],
        answers: &[("database.mode", "sqlite"), ("queue.mode", "memory")],
    },
    Path {
        profile: "production",
        steps: &[
            ("SQLite in the pod", "space", "not in the production profile"),
            ("SQLite in the pod", "1", ""),
            ("In memory: one replica", "3", ""),
            ("Replicas", "enter", "a queue in memory serves one replica only"),
            ("Replicas", "backspace \"1\" enter", ""),
        ],
        answers: &[("database.mode", "bundled"), ("queue.mode", "memory"), ("replicas", "1")],
    },
    Path {
        profile: "development",
        steps: &[
            ("A Redis that exists", "space", ""),
            ("Connection URL", "\"http://x\" enter", "must begin with redis:// or rediss://"),
            ("Connection URL", "\"rediss://:p@redis.example.com:6379\" enter", ""),
        ],
        answers: &[("queue.mode", "external")],
    },
    Path {
        profile: "production",
        steps: &[
            ("By an Ingress", "space", "Host name"),
            ("Host name", "enter", "is not answered, such as app.example.com"),
            ("Host name", "\"inngest.example.com\" enter", "> Ingress class"),
            ("Ingress class", "ctrl-n enter", ""),
            // Enter on what has to be answered opens what there is to choose from.
            ("Issuer", "enter down enter", ""),
        ],
        answers: &[("exposure.mode", "ingress"), ("exposure.host", "inngest.example.com")],
    },
    Path {
        profile: "production",
        steps: &[
            ("By an Ingress", "2", ""),
            ("Host name", "\"inngest.example.com\" enter", ""),
            ("With a certificate in a Secret", "space", ""),
            ("Secret with the certificate", "\"Not A Name\" enter", "must be a name of small letters"),
            ("Secret with the certificate", "ctrl-u ctrl-n \"tls.crt\"", "kubernetes.io/tls, tls.crt, tls.key"),
            ("inngest-tls", "enter", "> Restrict who talks"),
        ],
        answers: &[("exposure.tls", "secret"), ("exposure.tlsSecret", "inngest-tls")],
    },
    Path {
        profile: "development",
        steps: &[
            ("By the Gateway API", "3", ""),
            ("Host name", "\"inngest.example.com\" enter", "> Gateway class"),
            ("Gateway class", "enter enter", ""),
            ("Not at all: passwords", "space", ""),
        ],
        answers: &[("exposure.mode", "gateway"), ("exposure.gatewayClass", "istio"), ("exposure.tls", "plain")],
    },
    Path {
        profile: "development",
        steps: &[
            ("By the Gateway API", "3", ""),
            ("Host name", "\"inngest.example.com\" ctrl-a enter", ""),
            ("An existing Gateway", "\"shared\" enter", ""),
        ],
        answers: &[("exposure.gateway", "shared")],
    },
    Path {
        profile: "development",
        steps: &[
            ("By a load balancer", "4", "a load balancer and a node port cannot tell paths apart"),
            ("Everything, the user interface", "2", ""),
            ("Only inside the cloud", "n", ""),
            ("Networks that may connect", "enter \"10.0.0.0\" enter", "each must be a network"),
            ("", "up \"/8\" enter \"192.168.0.0/16\" enter enter", ""),
        ],
        answers: &[("exposure.mode", "loadbalancer"), ("exposure.internal", "no")],
    },
    Path {
        profile: "development",
        steps: &[
            ("By a port of every node", "5", ""),
            ("Everything, the user interface", "2 ctrl-a", "Port of every node"),
            ("Port of every node", "\"80\" enter", "must be at least 30000"),
            ("Port of every node", "ctrl-u \"30080\" enter", ""),
        ],
        answers: &[("exposure.mode", "nodeport"), ("exposure.nodePort", "30080")],
    },
    Path {
        profile: "development",
        steps: &[
            ("As many as the queue needs", "space", "KEDA is not installed in this cluster"),
            ("Most replicas", "backspace backspace \"0\" enter", "must be at least 1"),
            ("Most replicas", "ctrl-u shift-tab shift-tab 1", ""),
            ("Replicas", "backspace \"3\" enter", ""),
        ],
        answers: &[("scaling.mode", "fixed"), ("replicas", "3")],
    },
    Path {
        profile: "development",
        steps: &[
            ("Event key", "\"two words\" enter", "which an address leaves as they are"),
            ("Event key", "\"own-key\" enter", "> Signing key"),
            ("Signing key", "\"abc\" enter", "needs an even number of characters"),
            ("Signing key", "ctrl-g enter", "> Signing key"),
            ("Signing key", "ctrl-g down enter", "slipway made a new one"),
            ("URLs of your functions", "enter \"app.example.com\" enter", "must be a URL that begins with"),
            ("", "up ctrl-k \"https://app.example.com/api/inngest\" enter enter", ""),
        ],
        answers: &[("sdkUrls", "https://app.example.com/api/inngest")],
    },
];

#[test]
fn every_path_is_walked_forwards_with_its_faults_and_backwards_to_the_beginning() {
    for (number, path) in PATHS.iter().enumerate() {
        let mut form = form(path.profile, facts());
        let mut app = app(&mut form);
        for (line, keys, says) in path.steps {
            if !line.is_empty() {
                to(&mut app, line);
            }
            let effects = press(&mut app, keys);
            assert_eq!(effects, [], "path {number}: {line}");
            let shown = seen(&app).split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(shown.contains(says), "path {number}: {says:?} after {line:?}\n{}", seen(&app));
        }
        // Whatever stands, the way back is free, question by question, to what was settled before the form.
        for _ in 0..400 {
            if app.left().is_some() {
                break;
            }
            press(&mut app, "shift-tab");
        }
        assert_eq!(app.left(), Some(Left::Back), "path {number}\n{}", seen(&app));
        let mut again = super::inngest::app(&mut form);
        press(&mut again, &"pagedown ".repeat(20));
        assert_eq!(again.left(), Some(Left::ToReview), "path {number}\n{}", seen(&again));
        for (answer, text) in path.answers {
            assert_eq!(form.question(answer).unwrap().text, *text, "path {number}: {answer}");
        }
    }
}

#[test]
fn enter_a_hundred_times_goes_to_the_review_and_reveals_makes_and_copies_nothing() {
    for (profile, width, height) in [("development", 80, 24), ("production", 120, 40)] {
        let mut form = form(profile, facts());
        let values: Vec<String> =
            form.form().secrets().0.values().filter_map(|one| Some(one.value.as_ref()?.expose().to_string())).collect();
        assert!(values.len() >= 3);
        let mut app = app(&mut form);
        app.update(super::super::Msg::Resized(width, height));
        let mut effects = Vec::new();
        for _ in 0..100 {
            effects.extend(press(&mut app, "enter"));
            let shown = drawn(&app, width, height);
            assert!(!values.iter().any(|value| shown.contains(value.as_str())), "{shown}");
        }
        assert!(effects.iter().all(|effect| *effect == Effect::Quit), "{effects:?}");
        assert_eq!(app.left(), Some(Left::ToReview));
        let after: Vec<String> =
            form.form().secrets().0.values().filter_map(|one| Some(one.value.as_ref()?.expose().to_string())).collect();
        assert_eq!(values, after);
        assert!(form.form().decided().is_empty());
    }
}

#[test]
fn enter_a_hundred_times_from_any_overlay_makes_no_key_again() {
    for opened in ["ctrl-g", "ctrl-o", "ctrl-p", "ctrl-n", "f1", "ctrl-c"] {
        let mut form = form("development", facts());
        let key = |form: &crate::view::form::FormQuestions| form.reveal("keys.event").unwrap();
        let before = key(&form);
        let mut app = app(&mut form);
        to(&mut app, "Event key");
        press(&mut app, opened);
        let effects = press(&mut app, &"enter ".repeat(100));
        assert!(effects.iter().all(|effect| *effect == Effect::Quit), "{opened}: {effects:?}");
        assert_ne!(app.left(), Some(Left::Quit), "{opened}");
        // The list of the cluster's Secrets is the one that answers: with a reference, which is no key of ours.
        if opened != "ctrl-n" {
            assert_eq!(key(&form), before, "{opened}");
        }
    }
}

#[test]
fn tab_goes_through_everything_and_answers_nothing() {
    let mut form = form("development", facts());
    let mut app = app(&mut form);
    press(&mut app, "ctrl-a");
    press(&mut app, &"tab ".repeat(150));
    assert_eq!(app.left(), Some(Left::ToReview), "{}", seen(&app));
    assert!(form.form().decided().is_empty(), "{:?}", form.form().decided());
}

#[test]
fn what_is_half_typed_on_another_page_goes_to_the_review_with_the_rest() {
    let mut form = form("development", facts());
    let mut app = app(&mut form);
    to(&mut app, "Storage ");
    press(&mut app, "backspace backspace backspace \"12Gi\" pageup");
    // Straight to the review, over the list of pages.
    press(&mut app, "ctrl-o pagedown pagedown pagedown enter");
    assert_eq!(app.left(), Some(Left::ToReview));
    assert_eq!(form.question("database.storage").unwrap().text, "12Gi");
}

#[test]
fn the_list_of_pages_opens_anywhere_and_leads_to_pages_and_to_what_is_wrong() {
    let mut form = form("production", facts());
    let mut app = app(&mut form);
    to(&mut app, "SQLite in the pod");
    press(&mut app, "space ctrl-o");
    assert!(seen(&app).contains("2 answers are missing or wrong"), "{}", seen(&app));
    to_line(&mut app, "Scaling");
    press(&mut app, "enter");
    assert!(is_marked(&app, "A fixed number"), "{}", seen(&app));
    press(&mut app, "ctrl-o pageup pageup");
    to_line(&mut app, "Where does Inngest keep");
    press(&mut app, "enter");
    assert!(is_marked(&app, "SQLite"), "{}", seen(&app));
    // Esc closes it again, wherever it was opened.
    press(&mut app, "ctrl-o esc");
    assert!(is_marked(&app, "SQLite"));
    // A page that was settled before the questions is gone back to by its name.
    let mut other = super::inngest::form("production", facts());
    let mut before = super::inngest::app(&mut other);
    press(&mut before, "ctrl-o pageup");
    to_line(&mut before, "Profile");
    press(&mut before, "enter");
    assert_eq!(before.left(), Some(Left::BackTo(2)));
    // The review cannot be reached while something is wrong: the list opens at it.
    press(&mut app, "ctrl-o pagedown pagedown pagedown enter");
    assert!(is_marked(&app, "Where does Inngest keep"), "{}", seen(&app));
    assert_eq!(app.left(), None);
}

/// Goes down in a list until a line is marked.
fn to_line(app: &mut super::super::wizard::App<'_, crate::view::form::FormQuestions>, text: &str) {
    for _ in 0..40 {
        if is_marked(app, text) {
            return;
        }
        press(app, "down");
    }
    panic!("{text:?} is never marked:\n{}", seen(app));
}

#[test]
fn what_the_cluster_offers_says_what_each_is_and_leaves_out_what_nobody_brings() {
    let mut form = form("development", facts());
    let words = |path: &str| -> Vec<String> {
        let offers = form.question(path).unwrap().suggestions.unwrap();
        offers.iter().map(crate::view::questions::Offer::words).collect()
    };
    assert_eq!(
        words("database.storageClass"),
        [
            "standard (default here, can grow, pd.csi.storage.gke.io)",
            "premium-rwo (cannot grow, pd.csi.storage.gke.io)"
        ]
    );
    assert_eq!(
        words("keys.event"),
        [
            "secret:db-credentials/password",
            "secret:db-credentials/url",
            "secret:inngest-tls/tls.crt (kubernetes.io/tls)",
            "secret:inngest-tls/tls.key (kubernetes.io/tls)"
        ]
    );
    for (path, value) in [("exposure.mode", "ingress"), ("exposure.tls", "issuer")] {
        form.set(path, crate::view::questions::Input::Value(value.into())).unwrap();
    }
    let words = |path: &str| form.question(path).unwrap().suggestions.unwrap()[0].words();
    assert_eq!(words("exposure.ingressClass"), "nginx (default here, k8s.io/ingress-nginx)");
    assert_eq!(words("exposure.issuer"), "ClusterIssuer/letsencrypt-prod (ready)");
    form.set("exposure.mode", crate::view::questions::Input::Value("gateway".into())).unwrap();
    assert_eq!(
        form.question("exposure.gatewayClass").unwrap().suggestions.unwrap()[0].words(),
        "istio (istio.io/gateway-controller)"
    );
}
