//! Explanations in words.

use std::fmt;

use super::{Explanation, Shortfall, Title};
use crate::counting::Method;
use crate::mask::elements;
use crate::rules::standing::Verdict;
use crate::table::{MinerRef, PairCounts};

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PairCounts {
            episodes,
            wins,
            losses,
            ..
        } = self.counts;
        write!(f, "{wins} wins to {losses} losses in {episodes} episodes")?;
        if episodes < self.episodes_needed {
            write!(f, "; at least {} episodes are needed", self.episodes_needed)?;
        }
        if wins < self.wins_needed {
            let (had, needed) = (self.e_value, self.e_value_needed);
            write!(
                f,
                "; e-value {had:.4} of {needed:.4}: {} wins would do",
                self.wins_needed
            )?;
        }
        if wins < losses + self.lead_needed {
            write!(f, "; a lead of {} is needed", self.lead_needed)?;
        }
        Ok(())
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.method {
            Method::Enumerated { subsets } => writeln!(f, "All {subsets} subsets were decided.")?,
            Method::Grouped { states } => {
                writeln!(f, "All subsets were counted exactly, in {states} states.")?;
            }
            Method::Sampled { draws } => {
                writeln!(f, "Points are estimates from {draws} random subsets.")?;
            }
        }
        writeln!(
            f,
            "A difference is proven by an e-value of {}.",
            self.threshold
        )?;
        if self.thresholds_lowered {
            writeln!(
                f,
                "Evidence thresholds are lowered: nothing below is proven."
            )?;
        }
        for miner in 0..self.miners.len() {
            self.write_miner(f, miner)?;
        }
        self.titles
            .iter()
            .try_for_each(|title| self.write_title(f, title))
    }
}

impl Explanation {
    fn write_miner(&self, f: &mut fmt::Formatter<'_>, miner: usize) -> fmt::Result {
        let report = &self.miners[miner];
        writeln!(
            f,
            "{} solves {} of {} environments and holds {} subsets: {} points, share {:.4}.",
            self.who(miner),
            report.solved.count_ones(),
            self.envs.len(),
            report.subsets,
            report.points,
            report.share,
        )?;
        if report.follower {
            writeln!(
                f,
                "  It needs double margins: an earlier miner is about as good overall."
            )?;
        }
        for (baseline, shortfall) in &report.unsolved {
            let env = &self.envs[shortfall.env];
            writeln!(
                f,
                "  `{env}` is not solved: against `{baseline}` {shortfall}."
            )?;
        }
        let Some(stop) = &report.stopped else {
            return Ok(());
        };
        let (holder, verdict) = (self.who(stop.holder), self.verdict(stop.verdict));
        writeln!(
            f,
            "  On what it solves, {holder} keeps the title: {verdict}."
        )?;
        for shortfall in &stop.missing {
            writeln!(
                f,
                "  `{}` is not won: {shortfall}.",
                self.envs[shortfall.env]
            )?;
        }
        Ok(())
    }

    fn write_title(&self, f: &mut fmt::Formatter<'_>, title: &Title) -> fmt::Result {
        let names = self.names(title.subset);
        let Some(&winner) = title.holders.last() else {
            return writeln!(f, "[{names}]: nobody solves all of it.");
        };
        writeln!(f, "[{names}]: held by {}.", self.who(winner))?;
        for challenge in &title.challenges {
            let (challenger, holder) = (self.who(challenge.challenger), self.who(challenge.holder));
            let takes = if challenge.verdict.takes() {
                "takes it from"
            } else {
                "does not take it from"
            };
            writeln!(
                f,
                "  {challenger} {takes} {holder}: {}.",
                self.verdict(challenge.verdict)
            )?;
        }
        Ok(())
    }

    fn verdict(&self, verdict: Verdict) -> String {
        match verdict {
            Verdict::Topples => "it is far better overall".to_owned(),
            Verdict::Outclassed => "the holder is far better overall".to_owned(),
            Verdict::Blocked { envs } => {
                format!("the holder is provably better on {}", self.names(envs))
            }
            Verdict::Majority { wins, contested } => {
                format!("it wins {wins} of {contested} contested environments")
            }
            Verdict::TooFewWins { wins, contested } => {
                format!("it wins only {wins} of {contested} contested environments")
            }
        }
    }

    fn names(&self, mask: u64) -> String {
        let names: Vec<&str> = elements(&[mask])
            .map(|env| self.envs[env].as_str())
            .collect();
        names.join(", ")
    }

    fn who(&self, miner: usize) -> String {
        let MinerRef { uid, hotkey } = &self.miners[miner].id;
        format!("`{hotkey}` (uid {uid})")
    }
}
