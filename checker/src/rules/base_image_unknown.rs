//! A base image that no registry has.

use crate::facts::Facts;
use crate::finding::{Findings, Site};
use crate::rule::declare_rule;

declare_rule! {
    /// The base image has no slash in its name and is none of the official images.
    ///
    /// ## Why it matters
    /// A name without a slash means an official image of Docker Hub. An image that was built on a developer's machine is not
    /// there: the build ends with `pull access denied, repository does not exist or may require authorization`, or
    /// `failed to resolve source metadata`.
    ///
    /// ## What to do
    /// Base it on what the local image is made from, or push that image to a registry and write its whole name.
    ///
    /// ## What it cannot know
    /// Official images that came after this version of Preflight. So it is a warning.
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// FROM shop-backend:latest
    /// CMD ["python", "main.py"]
    /// ```
    ///
    /// ```repo,fires
    /// //- Dockerfile
    /// ARG BASE=my_base
    /// FROM ${BASE}:1.0 AS build
    /// CMD ["true"]
    /// ```
    ///
    /// Official images, images with a slash, stages, and a name that a variable hides:
    ///
    /// ```repo,passes
    /// //- Dockerfile
    /// ARG BASE
    /// FROM ${BASE} AS one
    /// FROM node:22 AS build
    /// FROM build AS test
    /// FROM scratch AS none
    /// FROM ghcr.io/acme/base AS two
    /// FROM eclipse-temurin:21-jre
    /// COPY --from=one / /
    /// COPY --from=test / /
    /// COPY --from=none / /
    /// COPY --from=two / /
    /// CMD ["true"]
    /// ```
    "base-image-unknown", Warning, Build, since "0.3.0",
    sources: [
        "https://docs.docker.com/docker-hub/repos/manage/trusted-content/official-images/",
        "https://github.com/docker-library/official-images/tree/master/library",
    ]
}

/// Names of the official images, those that are no longer made among them.
const OFFICIAL: &str = " adminer adoptopenjdk aerospike almalinux alpine alt amazoncorretto amazonlinux api-firewall \
    arangodb archlinux backdrop bash bonita buildpack-deps busybox caddy cassandra celery centos chronograf cirros \
    clearlinux clefos clickhouse clojure cockroach composer consul convertigo couchbase couchdb crate crux dart debian \
    django docker docker-dev drupal eclipse-mosquitto eclipse-temurin eggdrop elasticsearch elixir emqx erlang euleros \
    express-gateway fedora flink fluentd friendica fsharp gazebo gcc geonetwork ghost glassfish golang gradle groovy \
    haproxy haskell haxe hello-seattle hello-world hipache hitch hola-mundo httpd hylang ibm-semeru-runtimes \
    ibmjava influxdb iojs irssi java jenkins jetty jobber joomla jruby julia kaazing-gateway kapacitor kibana known \
    kong krakend lightstreamer liquibase logstash mageia mariadb matomo maven mediawiki memcached mongo mongo-express \
    monica mono mysql nats nats-streaming neo4j neurodebian nextcloud nginx node notary nuxeo odoo open-liberty \
    openjdk opensuse opensuse-leap opensuse-tumbleweed oraclelinux orientdb owncloud percona perl photon php \
    php-zendserver phpmyadmin piwik plone postfixadmin postgres pypy python r-base rabbitmq rails rakudo-star \
    rapidoid redis redmine registry rethinkdb rocket.chat rockylinux ros ruby rust sapmachine satosa scratch \
    silverpeas sl solr sonarqube sourcemage spark spiped storm swarm swift swipl teamspeak telegraf thrift tomcat \
    tomee traefik ubuntu ubuntu-debootstrap ubuntu-upstart unit valkey varnish vault vertx websphere-liberty \
    wordpress xwiki yourls znc zookeeper ";

fn check(facts: &Facts<'_>, out: &mut Findings) {
    for delivered in facts.delivered() {
        let (Some(service), Some(file)) = (delivered.service(facts), &delivered.image.dockerfile) else {
            continue;
        };
        for stage in delivered.image.built_stages() {
            let Some(crate::facts::image::Origin::External(Some(reference))) =
                delivered.image.stages.get(stage).map(|stage| &stage.base)
            else {
                continue;
            };
            let name = reference.split(['@', ':']).next().unwrap_or_default();
            let unknown = !name.is_empty()
                && !reference.contains(['/', '$'])
                && !OFFICIAL.contains(&format!(" {} ", name.to_ascii_lowercase()));
            let Some(written) = file.stages.get(stage).filter(|_| unknown) else { continue };
            let message = format!("Docker Hub has no official image `{name}`, and this name means one");
            out.at(Site::new(file.path.clone(), written.base.span), message)
                .service(&service.name)
                .help("Base it on a public image, or write the whole name with its registry");
        }
    }
}
