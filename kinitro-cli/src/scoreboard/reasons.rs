//! Why a miner earns what it earns, in one sentence.

use kinitro_scoring::Explanation;
use kinitro_scoring::explain::{MinerReport, Stop};
use kinitro_scoring::rules::standing::Verdict;

/// The decisive reason for a miner's points.
pub(super) fn why(report: &MinerReport, explanation: &Explanation) -> String {
    let (solved, envs) = (report.solved.count_ones(), explanation.envs.len());
    if report.subsets > 0 {
        return format!(
            "solves {solved} of {envs} environments, holds {}",
            subsets_of(report.subsets)
        );
    }
    if let Some(stop) = &report.stopped {
        return stopped(stop, explanation);
    }
    if let Some(successor) = successor(report, explanation) {
        return format!("held titles until `{successor}` took them over");
    }
    let unsolved = report.unsolved.iter();
    let nearest = unsolved.min_by_key(|(_, shortfall)| shortfall.wins_missing());
    let lacks = nearest.map_or_else(String::new, |(baseline, shortfall)| {
        if shortfall.counts.episodes < shortfall.episodes_needed {
            return format!(
                "; at least {} episodes are needed",
                shortfall.episodes_needed
            );
        }
        let env = short_name(&explanation.envs[shortfall.env]);
        format!(
            "; nearest is {env}: {} more wins over `{baseline}`",
            shortfall.wins_missing()
        )
    });
    format!("solves {solved} of {envs} environments{lacks}")
}

/// Who holds the largest title that the miner has held and lost.
fn successor<'a>(report: &MinerReport, explanation: &'a Explanation) -> Option<&'a str> {
    let miners = &explanation.miners;
    let position = miners.iter().position(|miner| miner.id == report.id)?;
    let lost = explanation
        .titles
        .iter()
        .find(|title| title.holders.contains(&position))?;
    let holder = *lost.holders.last()?;
    Some(&miners[holder].id.hotkey)
}

fn stopped(stop: &Stop, explanation: &Explanation) -> String {
    let holder = &explanation.miners[stop.holder].id.hotkey;
    let reason = match stop.verdict {
        Verdict::Outclassed => "is far better overall".to_owned(),
        Verdict::Blocked { envs } => {
            let names = explanation
                .envs
                .iter()
                .enumerate()
                .filter(|(env, _)| envs >> env & 1 == 1);
            let names: Vec<&str> = names.map(|(_, name)| short_name(name)).collect();
            format!("is provably better on {}", names.join(", "))
        }
        Verdict::TooFewWins { contested: 0, .. } => {
            "was there first and leaves nothing to improve on".to_owned()
        }
        Verdict::TooFewWins { wins, contested } => format!(
            "was there first; better on {wins} of {contested} contested, more than half needed"
        ),
        Verdict::Topples | Verdict::Majority { .. } => {
            "lost, but another holder did not".to_owned()
        }
    };
    format!("`{holder}` {reason}")
}

/// `1 subset`, `2 subsets`.
pub(super) fn subsets_of(count: u128) -> String {
    format!("{count} subset{}", if count == 1 { "" } else { "s" })
}

/// An environment's name without family and version, for narrow tables.
pub fn short_name(env: &str) -> &str {
    let name = env.rsplit_once('/').map_or(env, |(_, name)| name);
    match name.rsplit_once("-v") {
        Some((short, version))
            if !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit()) =>
        {
            short
        }
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_short() {
        assert_eq!(
            short_name("metaworld/peg-insert-side-v3"),
            "peg-insert-side"
        );
        assert_eq!(short_name("dm_control/walker-walk"), "walker-walk");
        assert_eq!(short_name("env-0"), "env-0");
    }
}
