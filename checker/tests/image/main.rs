//! The image as the checker reads it against what real builds made: `image/cases.toml` holds the Dockerfiles,
//! `image/recorded.json` the files that Docker made of each.
//!
//! `cargo test -p checker --test image -- --ignored` asks a real daemon again; with `RECORD=1` it writes what the daemon
//! said into the record. `DOCKER` names the client (default `docker`); it must have BuildKit.
#![expect(clippy::disallowed_methods, reason = "compares with files on disk and a real Docker")]
#![expect(clippy::print_stderr, reason = "says aloud what was compared")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod case;
mod claims;
mod docker;
mod listing;

use std::collections::BTreeMap;

use case::{Data, beside, on_disk};
use claims::{Tally, compare};
use listing::Listing;
use serde::{Deserialize, Serialize};

/// What a daemon made of every case.
#[derive(Serialize, Deserialize)]
struct Record {
    /// Its version.
    docker: String,
    /// By the name of the case; `None` is a build that failed.
    listings: BTreeMap<String, Option<Listing>>,
}

impl Record {
    /// The first number of its version.
    fn major(&self) -> u32 {
        self.docker.split('.').next().unwrap().parse().unwrap()
    }

    fn read() -> Self {
        serde_json::from_slice(&std::fs::read(beside("recorded.json")).unwrap()).unwrap()
    }
}

/// Compares every case that was built and fails on any wrong claim.
fn judge(data: &Data, listings: &BTreeMap<String, Option<Listing>>, base: &Listing) {
    let (mut sum, mut wrong, mut count) = (Tally::default(), Vec::new(), 0);
    for case in &data.cases {
        let Some(Some(real)) = listings.get(&case.name) else { continue };
        let (tally, errors) = compare(data, case, real, &real.beside(base));
        sum.add(tally);
        count += 1;
        wrong.extend(errors);
    }
    let share = sum.unknown_share();
    eprintln!(
        "{count} images: {} paths said to be there, {} absent; not known: {} that are there ({share} %), {} that are not",
        sum.present, sum.absent, sum.unknown, sum.doubted
    );
    assert!(wrong.is_empty(), "{} wrong claims:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_recorded_image_is_as_the_checker_reads_it() {
    let (data, record) = (Data::read(), Record::read());
    for case in &data.cases {
        let known = record.listings.contains_key(&case.name) || case.since > record.major();
        assert!(known, "`{}` was never recorded", case.name);
    }
    assert!(data.cases.len() >= 40);
    judge(&data, &record.listings, &Listing::default());
}

#[test]
#[ignore = "needs a Docker daemon with BuildKit"]
fn a_real_docker_makes_the_image_that_the_checker_reads() {
    let Some((version, major)) = docker::version() else {
        eprintln!("NOT TESTED: no Docker daemon can be reached, so nothing was compared with real images");
        return;
    };
    let data = Data::read();
    let base = docker::export("busybox:1.37");
    let mut real = BTreeMap::new();
    let mut skipped = Vec::new();
    for (number, case) in data.cases.iter().enumerate() {
        if major < case.since {
            skipped.push(case.name.as_str());
            continue;
        }
        let place = tempfile::tempdir().unwrap();
        on_disk(&data.paths(case), place.path());
        let tag = format!("preflight-image-{}-{number}", std::process::id());
        let built = docker::build(place.path(), &case.path, case.target.as_deref(), &tag);
        if let Err(why) = &built {
            eprintln!("`{}` cannot be built: {}", case.name, why.trim().lines().last().unwrap_or_default());
        }
        real.insert(case.name.clone(), built.ok());
    }
    eprintln!("Docker {version}; too old for {}: {}", skipped.len(), skipped.join(", "));
    if std::env::var_os("RECORD").is_some() {
        let listings =
            real.iter().map(|(name, listing)| (name.clone(), listing.as_ref().map(|own| own.beside(&base))));
        let record = Record { docker: version, listings: listings.collect() };
        std::fs::write(beside("recorded.json"), serde_json::to_string_pretty(&record).unwrap() + "\n")
            .unwrap();
    }
    judge(&data, &real, &base);
}
