//! Who earns what.

use std::fmt;

use kinitro_core::protocol::results::{PolicyResult, PolicyScore, Results};

use super::markup::{Prose, Text, percent};
use super::{reasons, scored};

pub(super) struct Section<'a>(pub(super) &'a Results);

impl fmt::Display for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let results = self.0;
        let settings = &results.settings;
        write!(
            f,
            "<section id=\"leaderboard\" aria-labelledby=\"leaderboard-title\">\n\
             <h2 id=\"leaderboard-title\">Leaderboard</h2>\n<table class=\"stacked\">\n\
             <caption>In order of precedence: of two equally good policies the first is paid. \
             Scheme {}, temperature {}.</caption>\n<thead><tr>\
             <th scope=\"col\">#</th><th scope=\"col\">Policy</th><th scope=\"col\" class=\"n\">Mean rate</th>\
             <th scope=\"col\">Frontier</th><th scope=\"col\" class=\"n\">Points</th>\
             <th scope=\"col\" class=\"n\">Share</th><th scope=\"col\" class=\"n\">Weight</th>\
             <th scope=\"col\">Why</th></tr></thead>\n<tbody>\n",
            Text(&settings.scheme),
            settings.temperature,
        )?;
        for (place, (policy, score)) in scored(results).enumerate() {
            row(results, place + 1, policy, score, f)?;
        }
        for baseline in results
            .policies
            .iter()
            .filter(|policy| policy.score.is_none())
        {
            baseline_row(baseline, f)?;
        }
        writeln!(f, "</tbody>\n<tfoot>")?;
        burned(results, f)?;
        write!(f, "</tfoot>\n</table>\n</section>\n")
    }
}

fn row(
    results: &Results,
    place: usize,
    policy: &PolicyResult,
    score: &PolicyScore,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    let name = policy.name.as_str();
    let (mean_rate, weight) = (policy.mean_rate.get(), score.weight.get());
    let why = reasons::in_short(results, name).unwrap_or_default();
    let hotkey = policy.hotkey.as_ref().map(ToString::to_string);
    writeln!(
        f,
        "<tr data-row=\"policy\" data-policy=\"{}\" data-mean-rate=\"{mean_rate}\" data-frontier=\"{}\" \
         data-points=\"{}\" data-weight=\"{weight}\" data-weight-u16=\"{}\">\
         <td class=\"place\">{place}</td><th scope=\"row\">{}<small>{}</small>{}</th>\
         <td class=\"n\" data-label=\"Mean rate\">{} %</td><td data-label=\"Frontier\">{}</td>\
         <td class=\"n\" data-label=\"Points\">{}</td><td class=\"n\" data-label=\"Share\">{}</td>\
         <td class=\"n\" data-label=\"Weight\">{}</td><td data-label=\"Why\" class=\"why\">{}</td></tr>",
        Text(name),
        score.frontier,
        score.points.0,
        score.weight_u16,
        Text(name),
        Text(&policy.spec),
        hotkey.map_or_else(String::new, |hotkey| format!(
            "<small>{}</small>",
            Text(&hotkey)
        )),
        percent(mean_rate),
        if score.frontier { "yes" } else { "no" },
        score.points.0,
        share(weight),
        score.weight_u16,
        Prose(why),
    )
}

fn baseline_row(policy: &PolicyResult, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mean_rate = policy.mean_rate.get();
    writeln!(
        f,
        "<tr data-row=\"baseline\" data-policy=\"{}\" data-mean-rate=\"{mean_rate}\">\
         <td class=\"place\"></td><th scope=\"row\">{}<small>baseline</small></th>\
         <td class=\"n\" data-label=\"Mean rate\">{} %</td><td class=\"none\" colspan=\"4\"></td>\
         <td data-label=\"Why\" class=\"why\">measures what needs no skill; earns nothing</td></tr>",
        Text(policy.name.as_str()),
        Text(policy.name.as_str()),
        percent(mean_rate),
    )
}

fn burned(results: &Results, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let totals = &results.totals;
    let (awarded, available) = (totals.awarded.0, totals.available.0);
    let burn = totals.burn_weight.get();
    writeln!(
        f,
        "<tr data-row=\"burn\" data-awarded=\"{awarded}\" data-available=\"{available}\" data-weight=\"{burn}\" \
         data-weight-u16=\"{}\"><td class=\"place\"></td><th scope=\"row\">burned</th>\
         <td class=\"none\" colspan=\"2\"></td><td class=\"n\" data-label=\"Points\">{}</td>\
         <td class=\"n\" data-label=\"Share\">{}</td><td class=\"n\" data-label=\"Weight\">{}</td>\
         <td data-label=\"Why\" class=\"why\">{} of {available} points won by nobody</td></tr>",
        totals.burn_weight_u16,
        available - awarded,
        share(burn),
        totals.burn_weight_u16,
        available - awarded,
    )
}

/// A bar with its number, in percent.
fn share(weight: f64) -> String {
    let shown = format!("{:.1} %", weight * 100.0);
    format!(
        "<span class=\"share\" style=\"--share:{:.1}%\">{shown}</span>",
        weight * 100.0
    )
}
