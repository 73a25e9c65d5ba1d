//! The example of the user's documentation is a valid configuration.
#![expect(clippy::disallowed_methods, reason = "the test reads the documentation")]

use checker::config::Config;
use checker::snapshot::Text;

#[test]
fn the_example_of_the_documentation_is_read() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let example =
        page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("it has an example");
    let config = Config::parse(&Text::decode(".github/preflight.toml", example.as_bytes()));
    let config = config.expect("the example is valid");
    assert_eq!(config.services.keys().collect::<Vec<_>>(), ["web", "worker"]);
    assert_eq!((config.allow.len(), config.rules.len()), (1, 2));
    assert_eq!(config.services["worker"].settings.len(), 2);
}
