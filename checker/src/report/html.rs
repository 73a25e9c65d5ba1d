//! What was proved as one HTML file that needs nothing else: no script, no picture, no font from elsewhere.

use std::fmt::Write;

use super::{Report, escape};
use crate::proof::{Lane, Moment, Stage, Verdict};

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}\
h1{font-size:1.5rem}h2{margin-top:2rem;border-bottom:1px solid #d1d9e0}h3{margin-bottom:.2rem}p{margin:.3rem 0}\
.passed{color:#1a7f37}.failed{color:#d1242f}.unproven{color:#9a6700}pre{background:#f6f8fa;padding:.8rem;overflow-x:auto;font-size:13px}\
svg{width:100%;height:auto;font-size:11px}.quiet{color:#59636e}\
@media(prefers-color-scheme:dark){body{background:#0d1117;color:#f0f6fc}pre{background:#151b23}svg text{fill:#f0f6fc}}";
/// Width of the picture, and of the names at its left.
const WIDTH: u64 = 900;
const LEFT: u64 = 90;

/// The whole file; `None` when nothing was proved.
pub fn render(report: &Report) -> Option<String> {
    let proof = report.proof.as_ref()?;
    let mut out = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <title>Preflight</title><style>{STYLE}</style><h1>{}</h1>",
        escape::html(&report.headline)
    );
    if let Some(first) = &report.first {
        let _ = write!(out, "<p><b>First:</b> {}</p>", escape::prose(first));
    }
    if let Some(fault) = &proof.fault {
        let _ = write!(out, "<p>Nothing could be proved in Docker: {}</p>", escape::html(fault));
    }
    for service in &proof.services {
        let _ = write!(out, "<h2>{}</h2>", escape::html(&service.service));
        for each in &service.stages {
            stage(each, &mut out);
        }
    }
    for each in &proof.skipped {
        let _ = write!(
            out,
            "<p class=\"quiet\">{} was not proved, because {}.</p>",
            escape::html(&each.service),
            escape::prose(&each.reason)
        );
    }
    let version = env!("CARGO_PKG_VERSION");
    let _ = writeln!(
        out,
        "<p class=\"quiet\">Preflight {version}, {}, profile {}</p></html>",
        report.today,
        escape::html(&proof.profile)
    );
    Some(out)
}

fn stage(stage: &Stage, out: &mut String) {
    let name = stage.verdict.name();
    let _ = write!(out, "<h3>{} <span class=\"{name}\">{name}</span></h3>", escape::html(&stage.id));
    let _ = write!(
        out,
        "<p class=\"quiet\">{} Expected: {}.</p>",
        escape::prose(&stage.question),
        escape::prose(&stage.expectation)
    );
    let _ = write!(out, "<p>{}</p>", escape::prose(&stage.seen));
    if let Verdict::Unproven(why) = &stage.verdict {
        let _ = write!(out, "<p>Not proved: {}</p>", escape::prose(why));
    }
    if let Some(help) = &stage.help {
        let _ = write!(out, "<p><b>Change:</b> {}</p>", escape::prose(help));
    }
    if !stage.moments.is_empty() {
        picture(&stage.moments, out);
    }
    if !stage.excerpt.is_empty() {
        let lines: Vec<String> = stage.excerpt.iter().map(|line| escape::html(line)).collect();
        let _ = write!(out, "<pre>{}</pre>", lines.join("\n"));
    }
}

/// One row for each lane, a bar for what lasts and a line for what does not.
fn picture(moments: &[Moment], out: &mut String) {
    let end = moments.iter().map(|moment| moment.until).max().unwrap_or(0).max(1);
    let place = |at: u64| LEFT + at * (WIDTH - LEFT - 40) / end;
    let _ = write!(out, "<svg viewBox=\"0 0 {WIDTH} 142\" role=\"img\" aria-label=\"timeline\">");
    for (row, (lane, name)) in (0u64..).zip([
        (Lane::Container, "Container"),
        (Lane::Port, "Port"),
        (Lane::Probes, "Probes"),
        (Lane::Dependency, "Redis"),
    ]) {
        let top = 4 + row * 30;
        let _ = write!(out, "<text x=\"0\" y=\"{}\">{name}</text>", top + 16);
        for moment in moments.iter().filter(|moment| moment.lane == lane) {
            let (from, to) = (place(moment.at), place(moment.until));
            let colour = if moment.good { "#1a7f37" } else { "#d1242f" };
            let width = (to - from).max(2);
            let what = escape::html(&moment.what);
            let _ = write!(
                out,
                "<rect x=\"{from}\" y=\"{top}\" width=\"{width}\" height=\"22\" rx=\"2\" fill=\"{colour}\" fill-opacity=\".35\" stroke=\"{colour}\">\
                 <title>{what}, {} ms to {} ms</title></rect><text x=\"{}\" y=\"{}\">{what}</text>",
                moment.at,
                moment.until,
                from + 4,
                top + 15
            );
        }
    }
    for tick in 0..=5u64 {
        let at = end * tick / 5;
        let _ = write!(
            out,
            "<text x=\"{}\" y=\"138\" text-anchor=\"middle\">{}.{} s</text>",
            place(at),
            at / 1000,
            at % 1000 / 100
        );
    }
    out.push_str("</svg>");
}
