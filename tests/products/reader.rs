//! A product that was written by somebody who had the guide and the program alone, as they left it.

use crate::program::done;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/products/linkding");

#[test]
fn a_product_written_from_the_guide_alone_lints_and_lives_in_each_of_its_profiles() {
    let at = tempfile::tempdir().unwrap();
    let linted = done(at.path(), &["products", "lint", FOLDER]);
    assert!(linted.starts_with("linkding: all ") && linted.contains(" 0 faults"), "{linted}");
    for profile in ["development", "production"] {
        let of = |verb, more: &[&str]| {
            let target = [verb, "linkding", "--products", FOLDER, "--practice", "-n", profile, "--yes"];
            done(at.path(), &[&target[..], more].concat())
        };
        let told = of("install", &["--profile", profile]);
        assert!(told.contains("http://linkding:http/health answers 200"), "{told}");
        let again = of("install", &["--profile", profile]);
        assert!(again.contains("Nothing was written"), "{again}");
        let gone = done(at.path(), &["uninstall", "linkding", "--practice", "-n", profile, "--yes"]);
        assert!(gone.contains("kept: volume linkding-"), "{gone}");
    }
}
