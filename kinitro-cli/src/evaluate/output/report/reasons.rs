//! Why each weight is what it is: titles held, and the rule's sentences, policy by policy.

use std::fmt;

use kinitro_core::ids::PolicyName;
use kinitro_core::protocol::results::{Results, Title};

use super::markup::{Prose, Text, count};
use super::scored;
use crate::scoreboard::short_name;

pub(super) struct Section<'a>(pub(super) &'a Results);

impl fmt::Display for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let results = self.0;
        write!(
            f,
            "<section id=\"why\" aria-labelledby=\"why-title\">\n<h2 id=\"why-title\">Why these weights</h2>\n"
        )?;
        general(results, f)?;
        for (policy, score) in scored(results) {
            let name = policy.name.as_str();
            write!(
                f,
                "<details data-why=\"{}\"><summary><b>{}</b>: {}, weight {}</summary>\n<ul>\n<li>{}.</li>\n",
                Text(name),
                Text(name),
                count(score.points.0, "point", "points"),
                score.weight_u16,
                if score.frontier {
                    "On the frontier: nobody dominates it"
                } else {
                    "Not on the frontier: somebody dominates it"
                },
            )?;
            writeln!(
                f,
                "<li>Wins {} of environments.</li>",
                count(score.subsets.0, "subset", "subsets")
            )?;
            if let Some(why) = in_short(results, name) {
                writeln!(f, "<li>In short: {}.</li>", Prose(why))?;
            }
            for sentence in at_length(results, name) {
                writeln!(f, "<li>{}</li>", Prose(sentence))?;
            }
            writeln!(f, "</ul></details>")?;
        }
        titles(results, f)?;
        writeln!(f, "</section>")
    }
}

/// The sentences about nobody in particular.
fn general(results: &Results, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let sentences = results.explanation.sentences.iter();
    let general: Vec<_> = sentences
        .filter(|sentence| !sentence.starts_with(['`', ' ', '[']))
        .collect();
    if general.is_empty() {
        return Ok(());
    }
    write!(f, "<p>")?;
    for sentence in general {
        // The report's banner says it for the whole report.
        writeln!(
            f,
            "{}",
            Prose(&sentence.replace("nothing below", "nothing"))
        )?;
    }
    writeln!(f, "</p>")
}

fn titles(results: &Results, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let titles = &results.explanation.titles;
    if titles.is_empty() {
        return Ok(());
    }
    write!(
        f,
        "<details data-why-titles=\"{}\"><summary>The largest titles</summary>\n\
         <table>\n<caption>A title is a subset of the environments; of several holders the last wins it.</caption>\n\
         <thead><tr><th scope=\"col\">Environments</th><th scope=\"col\">Held by</th></tr></thead>\n<tbody>\n",
        titles.len()
    )?;
    for title in titles {
        let holders: Vec<&str> = title.holders.iter().map(PolicyName::as_str).collect();
        writeln!(
            f,
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            Text(&subset(title, results)),
            if holders.is_empty() {
                "nobody".to_owned()
            } else {
                Text(&holders.join(", ")).to_string()
            }
        )?;
    }
    writeln!(f, "</tbody></table></details>")
}

/// A subset in as few words as possible.
fn subset(title: &Title, results: &Results) -> String {
    let envs = &results.settings.envs;
    let missing: Vec<_> = envs
        .iter()
        .filter(|env| !title.envs.contains(env))
        .collect();
    match missing[..] {
        [] => format!("all {}", envs.len()),
        [missing] if envs.len() > 2 => format!("all but {}", short_name(missing.as_str())),
        _ => {
            let names: Vec<&str> = title
                .envs
                .iter()
                .map(|env| short_name(env.as_str()))
                .collect();
            names.join(", ")
        }
    }
}

/// The decisive reason for what a policy earns, without a full stop.
pub(super) fn in_short<'a>(results: &'a Results, policy: &str) -> Option<&'a str> {
    let prefix = format!("`{policy}`: ");
    let sentences = results.explanation.sentences.iter();
    let reason = sentences.filter_map(|sentence| sentence.strip_prefix(&prefix));
    reason
        .map(|reason| reason.strip_suffix('.').unwrap_or(reason))
        .next()
}

/// The rule's account of a policy: the sentence that begins with its name, and those indented below it.
fn at_length<'a>(results: &'a Results, policy: &str) -> impl Iterator<Item = &'a str> {
    let prefix = format!("`{policy}` ");
    let sentences = results.explanation.sentences.iter().map(String::as_str);
    let mut account = sentences.skip_while(move |sentence| !sentence.starts_with(&prefix));
    let first = account.next();
    first
        .into_iter()
        .chain(account.take_while(|sentence| sentence.starts_with(' ')))
}
