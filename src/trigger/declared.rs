//! A trigger that listens: which workflow it starts, and by what name it is known from one process to the next.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::tz::TimeZone;

use crate::base::id::RunId;
use crate::lang::plan::trigger::{Kind, Trigger};
use crate::lang::plan::{Package, Plan};

/// One trigger of one workflow.
#[derive(Clone)]
pub struct Declared {
    /// The workflow.
    pub plan: Arc<Plan>,
    /// Which of its triggers.
    pub index: usize,
    /// What facts about it are filed under: the workflow and what starts it. A line that is changed is another trigger.
    pub name: Arc<str>,
}

impl Declared {
    /// All triggers of a package, in the order of its programs. Those of workflows that a program only uses listen where they
    /// are at home.
    pub fn all(package: &Package) -> Vec<Self> {
        let mut known: BTreeMap<String, usize> = BTreeMap::new();
        let mut all = Vec::new();
        for plan in package.plans.values().filter(|plan| !plan.name.contains('.')) {
            for (index, trigger) in plan.triggers.iter().enumerate() {
                let mut name = format!("{}/{}", plan.name, trigger.kind);
                let times = known.entry(name.clone()).and_modify(|times| *times += 1).or_insert(1);
                if *times > 1 {
                    name = format!("{name} #{times}");
                }
                all.push(Self { plan: plan.clone(), index, name: name.into() });
            }
        }
        all
    }

    /// The run that it starts for what is called `key`: always the same one.
    pub fn run(&self, key: &str) -> RunId {
        RunId::of_key(&self.name, key)
    }

    /// The zone in which its moments are told.
    pub fn zone(&self) -> TimeZone {
        match &self.trigger().kind {
            Kind::Schedule { zone: Some(zone), .. } => TimeZone::get(zone).unwrap_or(TimeZone::UTC),
            _ => TimeZone::UTC,
        }
    }

    /// As it is declared.
    pub fn trigger(&self) -> &Trigger {
        &self.plan.triggers[self.index]
    }
}

impl fmt::Debug for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Declared").field(&self.name).finish()
    }
}
