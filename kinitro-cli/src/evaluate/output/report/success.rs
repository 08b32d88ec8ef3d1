//! Success rates as a heat map: environments downwards, policies across.

use std::fmt;

use kinitro_core::protocol::results::{EnvResult, PolicyResult, Results};

use super::markup::{Text, percent};
use crate::scoreboard::short_name;

/// Colors of the rates 0, 1/9, …, 1: dark blue to yellow, lightness rising evenly, told apart by people of any color vision.
///
/// Source: the scale `cividis` at ten places: J. R. Nuñez, C. R. Anderton, R. S. Renslow, "Optimizing colormaps with consideration for color vision deficiency
/// to enable accurate interpretation of scientific data", 2018, doi 10.1371/journal.pone.0199239.
const SCALE: [[u8; 3]; 10] = [
    [0x00, 0x22, 0x4e],
    [0x12, 0x35, 0x70],
    [0x3b, 0x49, 0x6c],
    [0x57, 0x5d, 0x6d],
    [0x70, 0x71, 0x73],
    [0x8a, 0x86, 0x78],
    [0xa5, 0x9c, 0x74],
    [0xc3, 0xb3, 0x69],
    [0xe1, 0xcc, 0x55],
    [0xfe, 0xe8, 0x38],
];
/// From this place of the scale on, black is read better than white.
const BLACK_FROM: f64 = 4.3;

pub(super) struct Section<'a>(pub(super) &'a Results);

impl fmt::Display for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let results = self.0;
        write!(
            f,
            "<section id=\"success\" aria-labelledby=\"success-title\">\n<h2 id=\"success-title\">Success</h2>\n\
             <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-labelledby=\"success-title\">\n\
             <table class=\"heat\">\n<caption>Success rates in percent, below them Wilson intervals at 95&nbsp;%. Scale:"
        )?;
        for rate in [0.0, 0.25, 0.5, 0.75, 1.0] {
            write!(
                f,
                " <span class=\"key\" style=\"{}\">{}</span>",
                color(rate),
                percent(rate)
            )?;
        }
        write!(
            f,
            "</caption>\n<thead><tr><th scope=\"col\">Environment</th>"
        )?;
        for policy in &results.policies {
            write!(f, "<th scope=\"col\">{}</th>", Text(policy.name.as_str()))?;
        }
        writeln!(f, "</tr></thead>\n<tbody>")?;
        for (position, env) in results.settings.envs.iter().enumerate() {
            write!(
                f,
                "<tr><th scope=\"row\"><a href=\"#episodes-{position}\">{}</a></th>",
                Text(short_name(env.as_str()))
            )?;
            for policy in &results.policies {
                cell(policy, &policy.envs[position], f)?;
            }
            writeln!(f, "</tr>")?;
        }
        write!(f, "</tbody>\n<tfoot><tr><th scope=\"row\">mean</th>")?;
        for policy in &results.policies {
            write!(f, "<td>{}</td>", percent(policy.mean_rate.get()))?;
        }
        write!(f, "</tr></tfoot>\n</table>\n</div>\n</section>\n")
    }
}

fn cell(policy: &PolicyResult, result: &EnvResult, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (rate, low, high) = (
        result.rate.get(),
        result.interval.low.get(),
        result.interval.high.get(),
    );
    write!(
        f,
        "<td data-cell=\"success\" data-policy=\"{}\" data-env=\"{}\" data-successes=\"{}\" data-trials=\"{}\" \
         data-rate=\"{rate}\" data-low=\"{low}\" data-high=\"{high}\" style=\"{}\" title=\"{} of {} solved\">\
         <b>{}</b><small>{}–{}</small></td>",
        Text(policy.name.as_str()),
        Text(result.env.as_str()),
        result.successes,
        result.trials,
        color(rate),
        result.successes,
        result.trials,
        percent(rate),
        percent(low),
        percent(high),
    )
}

/// The style of a cell of this rate: its color, and black or white text.
fn color(rate: f64) -> String {
    let place = rate * (SCALE.len() - 1) as f64;
    let stops = SCALE.windows(2).zip(0_u8..);
    let (stops, lower) = stops
        .take_while(|(_, lower)| *lower == 0 || f64::from(*lower) < place)
        .last()
        .expect("the first stop is always taken");
    let part = place - f64::from(lower);
    let [from, to] = [stops[0], stops[1]].map(|color| color.map(f64::from));
    let mixed = |channel: usize| (from[channel] + (to[channel] - from[channel]) * part).round();
    let text = if place < BLACK_FROM { "#fff" } else { "#000" };
    format!(
        "background:rgb({} {} {});color:{text}",
        mixed(0),
        mixed(1),
        mixed(2)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bounds of the relative luminance, with the exponents 2 7/16 and 2 3/8 around the true 2.4.
    ///
    /// Source: Web Content Accessibility Guidelines 2.2, definition of relative luminance.
    fn luminance(color: [f64; 3]) -> [f64; 2] {
        let sum = |[red, green, blue]: [f64; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue;
        let base = color.map(|channel| (channel / 255.0 + 0.055) / 1.055);
        let power = |base: f64| {
            let quarter = base.sqrt().sqrt();
            base * base * quarter * quarter.sqrt()
        };
        [
            sum(base.map(|base| power(base) * base.sqrt().sqrt().sqrt().sqrt())),
            sum(base.map(power)),
        ]
    }

    #[test]
    fn every_number_can_be_read_on_its_color() {
        assert_eq!(color(0.0), "background:rgb(0 34 78);color:#fff");
        assert_eq!(color(1.0), "background:rgb(254 232 56);color:#000");
        for hundredths in 0..=100 {
            let style = color(f64::from(hundredths) / 100.0);
            let (background, text) = style.split_once(')').unwrap();
            let channels = background.trim_start_matches("background:rgb(").split(' ');
            let channels: Vec<f64> = channels.map(|number| number.parse().unwrap()).collect();
            let [low, high] = luminance([channels[0], channels[1], channels[2]]);
            let contrast = if text.ends_with("#fff") {
                (1.0 + 0.05) / (high + 0.05)
            } else {
                (low + 0.05) / 0.05
            };
            // The guidelines ask for 4.5; the bounds cost the rest.
            assert!(contrast >= 4.4, "{style}: {contrast}");
        }
    }
}
