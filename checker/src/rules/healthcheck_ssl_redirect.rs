//! A program that sends the probe to HTTPS.

use crate::facts::Facts;
use crate::facts::pattern::Pattern;
use crate::finding::{Findings, Severity, Site};
use crate::rule::declare_rule;
use crate::span::Span;

declare_rule! {
    /// The program answers every plain HTTP request with a redirect to HTTPS, the probe's too.
    ///
    /// ## Why it matters
    /// Railway probes the container directly, over HTTP and without `X-Forwarded-Proto`. `SECURE_SSL_REDIRECT` of Django and
    /// `force_ssl` of Rails answer 301, Flask's Talisman and Starlette's `HTTPSRedirectMiddleware` 302 and 307, and Railway waits
    /// for a 200.
    ///
    /// ## What to do
    /// Exempt the health path: `SECURE_REDIRECT_EXEMPT = [r"^health/?$"]` in Django,
    /// `config.ssl_options = { redirect: { exclude: ->(request) { request.path == "/up" } } }` in Rails,
    /// `Talisman(app, force_https=False)` in Flask. Railway's edge
    /// redirects requests from outside by itself.
    ///
    /// ## What it cannot know
    /// Settings that depend on variables, and middleware in front. Outside of Django, and under a condition, it is a warning.
    ///
    /// ```repo,fires,error
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health/", "startCommand": "gunicorn app.wsgi"}}
    /// //- app/settings.py
    /// SECURE_SSL_REDIRECT = True
    /// //- requirements.txt
    /// django
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/up"}}
    /// //- config/environments/production.rb
    /// Rails.application.configure do
    ///   config.force_ssl = true
    /// end
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health/", "startCommand": "gunicorn app.wsgi"}}
    /// //- app/settings.py
    /// import os
    /// SECURE_SSL_REDIRECT = True
    /// SECURE_REDIRECT_EXEMPT = [r"^health/?$"]
    /// //- app/settings_prod.py
    /// SECURE_SSL_REDIRECT = os.environ.get("SSL") == "1"
    /// //- requirements.txt
    /// django
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health/", "startCommand": "gunicorn app.wsgi"}}
    /// //- app/settings.py
    /// DEBUG = False
    /// if not DEBUG:
    ///     SECURE_REDIRECT_EXEMPT = []
    ///     SECURE_SSL_REDIRECT = True
    /// //- requirements.txt
    /// django
    /// ```
    ///
    /// ```repo,fires,note
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health/", "startCommand": "gunicorn app.wsgi"}}
    /// //- app/settings.py
    /// import os
    /// DEBUG = os.environ.get("DEBUG", "True") == "True"
    /// if not DEBUG:
    ///     SECURE_SSL_REDIRECT = True
    /// //- requirements.txt
    /// django
    /// ```
    ///
    /// ```repo,fires,warning
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health", "startCommand": "gunicorn app:app"}}
    /// //- app.py
    /// import os
    /// from flask import Flask
    /// from flask_talisman import Talisman
    /// app = Flask(__name__)
    /// Talisman(app, force_https=os.environ.get("FLASK_ENV") == "production", force_https_permanent=False)
    /// //- requirements.txt
    /// flask
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/health", "startCommand": "gunicorn app:app"}}
    /// //- app.py
    /// from flask import Flask
    /// from flask_talisman import Talisman
    /// app = Flask(__name__)
    /// talisman = Talisman(app, content_security_policy=None)
    /// @app.route("/health")
    /// @talisman(force_https=False)
    /// def health():
    ///     return "ok"
    /// //- requirements.txt
    /// flask
    /// ```
    ///
    /// ```repo,passes
    /// //- railway.json
    /// {"deploy": {"healthcheckPath": "/up"}}
    /// //- config/environments/production.rb
    /// Rails.application.configure do
    ///   # config.force_ssl = true
    ///   config.assume_ssl = true
    ///   config.force_ssl = true
    /// end
    /// ```
    "healthcheck-ssl-redirect", Error, Health, since "0.2.0",
    sources: [
        "https://docs.railway.com/deployments/healthchecks",
        "https://github.com/railwayapp/docs/issues/1209",
    ]
}

/// How the redirect is switched on, what takes it back, and whether that is certain.
static SWITCHES: [(Pattern, &[&str], bool); 6] = [
    (
        Pattern::new(r"(?m)^SECURE_SSL_REDIRECT\s*=\s*True\b", "SECURE_SSL_REDIRECT"),
        &["SECURE_REDIRECT_EXEMPT", "SECURE_SSL_REDIRECT = False"],
        true,
    ),
    (
        Pattern::new(r"(?m)^\s*config\.force_ssl\s*=\s*true\b", "force_ssl"),
        &["redirect: { exclude", "redirect: {exclude", "exclude: ->"],
        false,
    ),
    (
        Pattern::new(r"(?m)^[ \t]+SECURE_SSL_REDIRECT\s*=\s*True\b", "SECURE_SSL_REDIRECT"),
        &["SECURE_REDIRECT_EXEMPT", "SECURE_SSL_REDIRECT = False"],
        false,
    ),
    // What switches it on where nothing is said; `force_https` is looked at below.
    (Pattern::new(r"\bTalisman\(\s*\w+\s*[,)]", "Talisman"), &[], false),
    (Pattern::new(r"\bSSLify\(\s*\w+\s*[,)]", "SSLify"), &["skips="], false),
    (Pattern::new(r"\badd_middleware\(\s*HTTPSRedirectMiddleware\b", "HTTPSRedirectMiddleware"), &[], false),
];

fn check(facts: &Facts<'_>, out: &mut Findings) {
    let mut told: Vec<Site> = Vec::new();
    for service in facts.services.iter().filter(|service| super::healthcheck_host_rejected::probed(service)) {
        let texts = super::healthcheck_host_rejected::candidates(facts, service);
        for (pattern, exempt, certain) in &SWITCHES {
            let active = |text: &str, word: &str| {
                text.lines().any(|line| {
                    line.contains(word)
                        && !line.trim_start().starts_with('#')
                        && !line.trim_end().ends_with("= []")
                })
            };
            if texts.iter().any(|text| {
                let spared = |line: &str| {
                    let own = line.replace("force_https_permanent", "");
                    own.contains("force_https") && !own.contains("True") && !own.contains("==")
                };
                exempt.iter().any(|word| active(&text.text, word))
                    || text.text.lines().any(|line| spared(line) && active(line, "force_https"))
                    || active(&text.text, "config.assume_ssl = true")
            }) {
                continue;
            }
            for text in &texts {
                let Some(found) = pattern.find(&text.text) else { continue };
                let start = found.start() + found.as_str().len() - found.as_str().trim_start().len();
                let site = Site::new(text.path.clone(), Span::new(start, found.end()));
                if told.contains(&site) {
                    continue;
                }
                let finding = out.at(
                    site.clone(),
                    "the probe comes over plain HTTP and is redirected, so it never gets a 200",
                );
                finding.service(&service.name).help("Exempt the health path from the redirect");
                if !certain {
                    // `if not DEBUG:`, and a variable has to say that.
                    let debug = |line: &str| line.starts_with("DEBUG") && line.contains("True");
                    let off = found.as_str().starts_with([' ', '\t']) && text.text.lines().any(debug);
                    finding.severity(if off { Severity::Note } else { Severity::Warning });
                }
                told.push(site);
            }
        }
    }
}
