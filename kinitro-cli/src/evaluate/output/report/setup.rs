//! What the results depend on, how to get and check them again, and the files beside the report.

use std::fmt;

use kinitro_core::ids::EnvId;
use kinitro_core::protocol::results::{PolicyResult, Results, SeedRecord};
use kinitro_core::protocol::wire::GripperConvention;

use super::episodes::shows_pictures;
use super::markup::Text;
use super::scored;
use crate::policy_server::LatencyProfile;
use crate::scoreboard::ScoringSettings;

/// What lies beside the report, and what it holds.
const FILES: [(&str, &str); 4] = [
    (
        "results.json",
        "everything in this report and every episode",
    ),
    ("results.csv", "success by policy and environment"),
    ("episodes.csv", "every episode"),
    ("transcripts/", "every action, and the hashes it came to"),
];

pub(super) struct Section<'a>(pub(super) &'a Results);

impl fmt::Display for Section<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let results = self.0;
        let command = command(results);
        let condition = match &results.settings.servers {
            Some(_) => ", and where servers answer as they did,",
            None => "",
        };
        write!(
            f,
            "<section id=\"setup\" aria-labelledby=\"setup-title\">\n<h2 id=\"setup-title\">Setup and replay</h2>\n\
             <p>In the folder of this report, this simulates every transcript again and compares all hashes:</p>\n\
             <pre><code>kinitro replay .</code></pre>\n\
             <p>This runs the same evaluation again; under the same identity{condition} every number comes out equal:</p>\n\
             <pre><code data-command=\"evaluate\">{}</code></pre>\n",
            Text(&command)
        )?;
        table("settings", "Settings", &settings(results), f)?;
        let caption =
            "Views: whose images each policy saw, and how large; baselines look at nothing";
        table("view", caption, &views(results), f)?;
        let identity: Vec<_> = results
            .identity
            .fields()
            .map(|(field, value)| (field.to_owned(), value))
            .into();
        let caption = "Identity: results of different identities are never compared";
        table("identity", caption, &identity, f)?;
        write!(f, "<h3>Files</h3>\n<ul>\n")?;
        for (file, content) in FILES {
            writeln!(f, "<li><a href=\"./{file}\">{file}</a>: {content}</li>")?;
        }
        if shows_pictures(results) {
            writeln!(
                f,
                "<li><a href=\"./pictures/\">pictures/</a>: episode 0 at start, middle and end</li>"
            )?;
        }
        writeln!(f, "</ul>\n</section>")
    }
}

fn table(
    kind: &str,
    caption: &str,
    rows: &[(String, String)],
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    writeln!(
        f,
        "<table class=\"facts\">\n<caption>{caption}</caption>\n<tbody>"
    )?;
    for (field, value) in rows {
        let (field, value) = (Text(field), Text(value));
        writeln!(
            f,
            "<tr data-row=\"{kind}\" data-field=\"{field}\" data-value=\"{value}\"><th scope=\"row\">{field}</th><td>{value}</td></tr>"
        )?;
    }
    writeln!(f, "</tbody>\n</table>")
}

fn settings(results: &Results) -> Vec<(String, String)> {
    let settings = &results.settings;
    let envs: Vec<&str> = settings.envs.iter().map(EnvId::as_str).collect();
    let mut rows = vec![
        ("environments", envs.join(", ")),
        ("episodes", settings.episodes.to_string()),
        ("profile", settings.profile.to_string()),
        ("level", settings.level.to_string()),
    ];
    match &settings.seed {
        SeedRecord::Local(seed) => rows.push(("seed", seed.to_string())),
        SeedRecord::Block { number, hash } => {
            rows.push(("block", number.to_string()));
            rows.push(("block hash", hash.to_string()));
        }
    }
    rows.extend([
        ("scheme", settings.scheme.clone()),
        ("temperature", settings.temperature.to_string()),
    ]);
    if let Some(servers) = &settings.servers {
        let yes_or_no = |flag| if flag { "yes" } else { "no" }.to_owned();
        rows.extend([
            ("time per action", format!("{} ms", servers.act_deadline_ms)),
            ("gripper sign", servers.gripper_convention.to_string()),
            ("images for p1", yes_or_no(servers.p1_images)),
            ("private addresses", yes_or_no(servers.private_endpoints)),
        ]);
    }
    let rows = rows
        .into_iter()
        .map(|(field, value)| (field.to_owned(), value));
    let parameters = settings.rule_parameters.iter();
    rows.chain(parameters.map(|(name, value)| (name.clone(), value.clone())))
        .collect()
}

/// What each policy saw.
fn views(results: &Results) -> Vec<(String, String)> {
    let seen = |policy: &PolicyResult| {
        let cameras: Vec<&str> = policy.cameras.iter().map(|name| name.as_str()).collect();
        let (width, height) = (policy.image_size.width(), policy.image_size.height());
        let seen = match cameras.as_slice() {
            [] => "nothing".to_owned(),
            cameras => format!("{}, {width} × {height}", cameras.join(", ")),
        };
        (policy.name.to_string(), seen)
    };
    results.policies.iter().map(seen).collect()
}

/// The command line that asks for the same evaluation; what is as by default is left out, what is secret is named.
fn command(results: &Results) -> String {
    let settings = &results.settings;
    let mut words = vec!["kinitro evaluate".to_owned()];
    let mut option = |name: &str, value: &str| words.push(format!("--{name} {}", quoted(value)));
    for (policy, _) in scored(results) {
        option("policy", &format!("{}={}", policy.name, policy.spec));
    }
    let envs: Vec<&str> = settings.envs.iter().map(EnvId::as_str).collect();
    option("envs", &envs.join(","));
    option("episodes", &settings.episodes.to_string());
    option("level", settings.level.as_str());
    match &settings.seed {
        SeedRecord::Local(seed) => option("seed", &seed.to_string()),
        SeedRecord::Block { number, hash } => {
            option("block", &number.to_string());
            option("block-hash", &hash.to_string());
            option("secret", "@FILE");
        }
    }
    let cameras: Vec<&str> = settings
        .cameras
        .iter()
        .map(|camera| camera.as_str())
        .collect();
    if cameras.is_empty() {
        option("cameras", "none");
    } else {
        option("cameras", &cameras.join(","));
    }
    // Servers of the earlier protocols get images whatever the others get.
    if !cameras.is_empty() || settings.servers.is_some() {
        option("image-size", &settings.image_size.width().to_string());
    }
    let default = ScoringSettings::default();
    let rule = &results.identity.scoring.rule;
    if *rule != default.rule.to_string() {
        option("rule", rule);
    }
    if settings.scheme != default.scheme.to_string() {
        option("scheme", &settings.scheme);
    }
    if settings.temperature != default.temperature.to_f64() {
        option("temperature", &fraction(settings.temperature));
    }
    if let Some(evidence) = settings.rule_parameters.get("evidence")
        && *evidence != default.evidence.to_string()
    {
        option("evidence", evidence);
    }
    if let Some(servers) = &settings.servers {
        if servers.act_deadline_ms == LatencyProfile::Strict.deadline().as_secs_f64() * 1000.0 {
            option("latency-profile", "strict");
        }
        if servers.gripper_convention != GripperConvention::default() {
            option("gripper-convention", servers.gripper_convention.as_str());
        }
        if !servers.p1_images {
            option("p1-images", "off");
        }
        if servers.private_endpoints {
            words.push("--allow-private-endpoints".to_owned());
        }
    }
    words.join(" \\\n  ")
}

/// The simplest fraction that is this number, as the command line reads it: one third is `1/3`, not 0.333….
fn fraction(number: f64) -> String {
    let simplest = (1..=1000_u32).map(f64::from).find_map(|denominator| {
        let numerator = (number * denominator).round();
        (numerator / denominator == number).then_some((numerator, denominator))
    });
    match simplest {
        Some((numerator, denominator)) if denominator > 1.0 => format!("{numerator}/{denominator}"),
        _ => number.to_string(),
    }
}

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-=:,/@+".contains(c);
    if word.chars().all(is_plain) && !word.is_empty() {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
