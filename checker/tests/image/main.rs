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
mod services;

use std::collections::BTreeMap;

use case::{Data, beside, on_disk, written};
use checker::finding::Severity;
use claims::{Tally, compare};
use listing::Listing;
use serde::{Deserialize, Serialize};
use services::{Agreement, Ending, Endings, Services};

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
    let Some((version, major)) = daemon() else { return };
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

/// The version of the daemon; says so where there is none.
fn daemon() -> Option<(String, u32)> {
    let version = docker::version();
    if version.is_none() {
        eprintln!("NOT TESTED: no Docker daemon can be reached, so nothing was compared with real images");
    }
    version
}

/// Compares what is said of every service with how it ended, and fails where they differ.
fn agree(services: &Services, endings: &BTreeMap<String, Ending>) {
    let (mut whole, mut errors, mut warnings, mut unread, mut wrong) = (0, 0, 0, 0, Vec::new());
    for service in &services.all {
        match services::judge(service, &endings[&service.name]) {
            Agreement::Whole => whole += 1,
            Agreement::Named(Severity::Error) => errors += 1,
            Agreement::Named(_) => warnings += 1,
            Agreement::Unread => unread += 1,
            Agreement::Wrong(why) => wrong.push(format!("{}: {why}", service.name)),
        }
    }
    eprintln!(
        "services: {whole} whole, {errors} broken and called so, {warnings} broken and warned of, {unread} broken and not read"
    );
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), services.all.len(), wrong.join("\n"));
}

#[test]
fn every_recorded_service_ended_as_its_imports_read() {
    let services = Services::read();
    assert!(services.all.len() >= 25);
    agree(&services, &Endings::read().services);
}

#[test]
#[ignore = "needs a Docker daemon with BuildKit"]
fn real_services_end_as_their_imports_read() {
    let Some((version, _)) = daemon() else { return };
    let services = Services::read();
    let run = |(number, service): (usize, &services::Service)| {
        let place = tempfile::tempdir().unwrap();
        written(&service.tree(), place.path());
        let tag = format!("preflight-service-{}-{number}", std::process::id());
        let (exit, said) = docker::run(place.path(), &tag);
        (service.name.clone(), Ending::read(exit, &said))
    };
    let endings: BTreeMap<String, Ending> = services.all.iter().enumerate().map(run).collect();
    if std::env::var_os("RECORD").is_some() {
        let record = Endings { docker: version, services: endings.clone() };
        std::fs::write(beside("endings.json"), serde_json::to_string_pretty(&record).unwrap() + "\n")
            .unwrap();
    }
    agree(&services, &endings);
}
