//! Tests in processes of their own: the engine's mathematics is chosen once per process.

use std::process::Command;

/// Names the test that a child process was started for.
const CHILD: &str = "KINITRO_TEST_CHILD";

/// Runs `body` alone in a new process with additional environment variables; call it as the whole of the test `test`,
/// given by its full path in the test binary (`module::name`).
///
/// # Panics
/// If `body` panics in the child, or no test of that path exists.
pub fn alone(test: &str, environment: &[(&str, &str)], body: impl FnOnce()) {
    if std::env::var(CHILD).as_deref() == Ok(test) {
        body();
        return;
    }
    let binary = std::env::current_exe().expect("a running test has a path");
    let output = Command::new(binary)
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, test)
        .envs(environment.iter().copied())
        .output()
        .expect("the test binary starts");
    let (out, err) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success(),
        "`{test}` failed in its own process:\n{out}\n{err}"
    );
    assert!(
        out.contains("1 passed"),
        "no test is called `{test}`:\n{out}"
    );
    print!("{out}");
}
