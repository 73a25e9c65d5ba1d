//! The drills as data: what state a dependency is in when the container starts, and what happens then. The host carries
//! the steps out without knowing what a drill is for.

use serde::Serialize;

use super::{Profile, ServicePlan};
use crate::config::prove::Prove;

/// Seconds in which a container without Redis must answer, and is watched.
const COLD: u64 = 15;
/// Seconds until Redis arrives late.
const LATE: u64 = 10;
/// Seconds a service may take to find a Redis that has come back: longer than the longest wait of rq (60 s).
const RECOVERY: u64 = 90;
/// Seconds of the outage, from the plan's success metric.
const OUTAGE: u64 = 60;
/// Seconds to wait for the first 200, and for the first connection.
const ANSWER: u64 = 60;
const CONNECTION: u64 = 75;
/// Seconds that are given for an orderly end when no setting gives any.
const GRACE: u64 = 10;
/// MiB of the smallest plan (<https://docs.railway.com/pricing/plans>).
const SMALLEST_PLAN: u64 = 512;

/// One drill.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drill {
    /// Its name.
    pub id: &'static str,
    /// What it asks.
    pub question: String,
    /// What is expected.
    pub expectation: String,
    /// The dependency it is about; none when it needs none.
    pub system: Option<&'static str>,
    /// The state of every dependency when the container starts.
    pub world: World,
    /// MiB of memory.
    pub memory: u64,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// A state of a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum World {
    /// It answers.
    Up,
    /// Its name is known but it has not been started: no address.
    Down,
    /// Its name has no address and never will.
    Unresolvable,
    /// No machine has its address.
    Absent,
    /// Its machine refuses the connection.
    Refused,
    /// Its machine drops every packet.
    BlackHole,
    /// It wants another password.
    WrongPassword,
    /// It answers that it is loading its data, for about ten seconds.
    Loading,
}

/// One step of a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Step {
    /// Watches for so long.
    Watch {
        /// Length.
        seconds: u64,
    },
    /// Waits for the first 200 or, without a probe, for a process that has lived for five seconds.
    AwaitAnswer {
        /// Longest wait in seconds.
        seconds: u64,
    },
    /// Waits until a dependency has a connection of the service.
    AwaitConnection {
        /// Longest wait in seconds.
        seconds: u64,
    },
    /// Starts every dependency.
    Start,
    /// Stops every dependency.
    Stop,
    /// Sends SIGTERM and waits for the end.
    Terminate {
        /// Longest wait in seconds.
        seconds: u64,
    },
}

/// Every drill of a service.
pub(super) fn of(plan: &ServicePlan, profile: Profile, told: &Prove) -> Vec<Drill> {
    let mut drills = match (profile, plan.kind) {
        (Profile::Build, _) | (_, "cron") => Vec::new(),
        (Profile::Quick, _) => quick(plan),
        (Profile::Full, _) => [quick(plan), full(plan)].concat(),
    };
    if plan.dependencies.iter().all(|each| !each.connects) {
        // No connection is to be expected, so what is about one has nothing to see.
        drills.retain(|drill| {
            !matches!(drill.id, "late" | "wrong-password" | "loading" | "outage" | "restart")
        });
        for drill in &mut drills {
            drill.steps.retain(|step| !matches!(step, Step::AwaitConnection { .. }));
        }
    }
    let skip = |drill: &Drill| told.skip.iter().any(|id| id == drill.id);
    drills.retain(|drill| !skip(drill));
    drills
}

const AWAIT_ANSWER: Step = Step::AwaitAnswer { seconds: ANSWER };
const AWAIT_CONNECTION: Step = Step::AwaitConnection { seconds: CONNECTION };

fn quick(plan: &ServicePlan) -> Vec<Drill> {
    let redis = !plan.dependencies.is_empty();
    let answers = if plan.health.is_some() { "it answers 200" } else { "it runs" };
    let grace = if plan.draining > 0 { plan.draining } else { GRACE };
    let mut drills = vec![Drill {
        id: "ready",
        question: "Does it come up when everything it needs is there?".into(),
        expectation: format!("{answers} within {ANSWER} s and stays up"),
        system: None,
        world: World::Up,
        memory: plan.memory,
        steps: if redis {
            vec![AWAIT_ANSWER, AWAIT_CONNECTION, Step::Watch { seconds: 3 }]
        } else {
            vec![AWAIT_ANSWER, Step::Watch { seconds: 3 }]
        },
    }];
    if redis {
        let cold = |id, world, question: &str| without_redis(plan, id, world, question, COLD);
        drills.push(cold(
            "cold-start",
            World::Unresolvable,
            "Does it come up while the name of Redis means nothing yet?",
        ));
        drills.push(cold("refused", World::Refused, "Does it come up while Redis refuses the connection?"));
        drills.push(drill(
            plan,
            "late",
            World::Down,
            "Does it find a Redis that arrives after it?",
            format!("the same process connects within {CONNECTION} s of Redis' arrival"),
            vec![Step::Watch { seconds: LATE }, Step::Start, AWAIT_CONNECTION, Step::Watch { seconds: 2 }],
        ));
    }
    let mut steps = vec![AWAIT_ANSWER];
    if redis {
        steps.push(AWAIT_CONNECTION);
    }
    steps.extend([Step::Watch { seconds: 1 }, Step::Terminate { seconds: grace }]);
    let mut drain = drill(
        plan,
        "drain",
        World::Up,
        "Does it end by itself on SIGTERM?",
        format!("it ends within {grace} s"),
        steps,
    );
    drain.system = None;
    drills.push(drain);
    drills
}

fn full(plan: &ServicePlan) -> Vec<Drill> {
    let mut memory = drill(
        plan,
        "memory",
        World::Up,
        "Does it come up in the memory of the smallest plan?",
        format!("it comes up within {} MiB", SMALLEST_PLAN.min(plan.memory)),
        vec![AWAIT_ANSWER, Step::Watch { seconds: 5 }],
    );
    memory.system = None;
    memory.memory = SMALLEST_PLAN.min(plan.memory);
    if plan.dependencies.is_empty() {
        return vec![memory];
    }
    let away = |id, world, question: &str| without_redis(plan, id, world, question, 3 * COLD);
    let up = [AWAIT_ANSWER, AWAIT_CONNECTION, Step::Watch { seconds: 2 }, Step::Stop];
    let back = |seconds| {
        [
            Step::Watch { seconds },
            Step::Start,
            Step::AwaitConnection { seconds: RECOVERY },
            Step::Watch { seconds: 3 },
        ]
    };
    let survives = format!("the same process goes on and is connected again within {RECOVERY} s");
    vec![
        away("absent", World::Absent, "Does it come up while no machine has Redis' address?"),
        away("black-hole", World::BlackHole, "Does it come up while packets to Redis are lost?"),
        away(
            "unresolvable",
            World::Unresolvable,
            "Does it come up while Redis' private name cannot be resolved?",
        ),
        drill(
            plan,
            "wrong-password",
            World::WrongPassword,
            "Does it say so when Redis wants another password?",
            "its log names the cause".into(),
            vec![Step::Watch { seconds: COLD }],
        ),
        drill(
            plan,
            "loading",
            World::Loading,
            "Does it wait for a Redis that still loads its data?",
            format!("the same process is connected within {CONNECTION} s"),
            vec![Step::Watch { seconds: COLD }, AWAIT_CONNECTION, Step::Watch { seconds: 2 }],
        ),
        drill(
            plan,
            "outage",
            World::Up,
            &format!("Does it live through {OUTAGE} s without Redis?"),
            survives.clone(),
            [&up[..], &back(OUTAGE)].concat(),
        ),
        drill(
            plan,
            "restart",
            World::Up,
            "Does it live through a restart of Redis?",
            survives,
            [&up[..], &back(2)].concat(),
        ),
        memory,
    ]
}

fn drill(
    plan: &ServicePlan,
    id: &'static str,
    world: World,
    question: &str,
    expectation: String,
    steps: Vec<Step>,
) -> Drill {
    Drill {
        id,
        question: question.to_owned(),
        expectation,
        system: Some("redis"),
        world,
        memory: plan.memory,
        steps,
    }
}

/// A drill in which Redis never answers.
fn without_redis(plan: &ServicePlan, id: &'static str, world: World, question: &str, seconds: u64) -> Drill {
    let expectation = if plan.health.is_some() {
        format!("it answers 200 within 10 s and is still up after {seconds} s")
    } else {
        format!("it is still up after {seconds} s")
    };
    drill(plan, id, world, question, expectation, vec![Step::Watch { seconds }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::MemoryTree;
    use crate::plan::Plan;
    use crate::snapshot::Day;

    fn planned(fixture: &str, profile: Profile) -> Plan {
        let tree = MemoryTree::parse(fixture);
        let options =
            crate::Options { today: Day { year: 2026, month: 11, day: 24 }, trigger: None, config: None };
        crate::plan(&tree, &options, profile, &[]).unwrap().0
    }

    fn ids(plan: &Plan) -> Vec<&str> {
        plan.services[0].drills.iter().map(|drill| drill.id).collect()
    }

    const WORKER: &str = "//- .github/preflight.toml\n[services.worker]\ndockerfile = \"Dockerfile\"\nkind = \"worker\"\n\
        [prove.worker]\nskip = [\"drain\"]\nmemory = 256\nvariables = { TOKEN = \"x\" }\n\
        //- Dockerfile\nFROM python\nCOPY main.py .\nCMD [\"python\", \"main.py\"]\n\
        //- main.py\nimport os, redis\nredis.from_url(os.environ[\"REDIS_URL\"]).ping()\n";

    #[test]
    fn a_worker_with_redis_is_drilled_as_the_profile_and_the_configuration_say() {
        assert!(ids(&planned(WORKER, Profile::Build)).is_empty());
        assert_eq!(ids(&planned(WORKER, Profile::Quick)), ["ready", "cold-start", "refused", "late"]);
        let full = planned(WORKER, Profile::Full);
        assert_eq!(full.services[0].drills.len(), 12);
        assert_eq!(full.services[0].memory, 256);
        assert_eq!(full.services[0].variables["TOKEN"], "x");
        assert_eq!(full.services[0].dependencies[0].variables["REDIS_URL"], "url");
        assert!(full.services[0].smoke.is_some());
    }

    #[test]
    fn a_service_without_redis_is_not_drilled_with_it() {
        let plan = planned(
            "//- Dockerfile\nFROM python\nCOPY . .\nCMD [\"python\", \"main.py\"]\n//- main.py\nprint(1)\n",
            Profile::Full,
        );
        assert_eq!(ids(&plan), ["ready", "drain", "memory"]);
        assert!(plan.services[0].dependencies.is_empty());
    }

    #[test]
    fn a_cron_job_is_built_and_loaded_but_not_watched() {
        let plan = planned(
            "//- railway.json\n{\"deploy\": {\"cronSchedule\": \"0 3 * * *\"}}\n//- Dockerfile\nFROM python\nCOPY . .\nCMD [\"python\", \"main.py\"]\n//- main.py\nprint(1)\n",
            Profile::Full,
        );
        assert!(ids(&plan).is_empty());
    }

    #[test]
    fn what_is_not_built_here_is_skipped_with_its_reason() {
        let plan = planned("//- Procfile\nweb: python main.py\n//- main.py\nprint(1)\n", Profile::Quick);
        assert!(
            plan.services.is_empty() && plan.skipped[0].reason.contains("Dockerfile"),
            "{:?}",
            plan.skipped
        );
    }
}
