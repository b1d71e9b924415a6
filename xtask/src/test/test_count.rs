//! Counts what the test runners say they ran, by their closing lines.

use std::{
    fmt,
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{interrupt::Running, shell::words};

#[derive(Default, Debug, PartialEq, Eq)]
pub struct TestCount {
    passed: u64,
    failed: u64,
}

impl TestCount {
    /// Runs a test runner, shows what it writes, and counts. Every run has to execute a test: one that found none proves nothing.
    pub fn run(&mut self, command: &mut Command) -> Result<()> {
        let before = self.passed;
        let mut runner = Running::start(command.stdout(Stdio::piped()))?;
        let output = runner.0.stdout.take().context("the runner has no output")?;
        for line in BufReader::new(output).lines() {
            let line = line?;
            println!("{line}");
            self.count(&line);
        }
        let status = runner.wait()?;
        if !status.success() {
            bail!("`{}` ended with {status}; the failing test is named above", words(command));
        }
        if self.passed == before {
            bail!("`{}` ran no test", words(command));
        }
        Ok(())
    }

    /// cargo's and wasm-bindgen's `test result: ok. 3 passed; 1 failed; …`, Playwright's `  3 passed (2.1s)` and `  1 failed`.
    fn count(&mut self, line: &str) {
        let line = line.trim();
        let rest = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "))
            .map_or(line, |(_, rest)| rest);
        for part in rest.split("; ") {
            let mut words = part.split_whitespace();
            let (Some(Ok(number)), Some(word)) = (words.next().map(str::parse::<u64>), words.next()) else {
                return;
            };
            match word {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
        }
    }
}

impl fmt::Display for TestCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(lines: &str, expect: &str) {
        let mut tally = TestCount::default();
        lines.lines().for_each(|line| tally.count(line));
        assert_eq!(tally.to_string(), expect);
    }

    #[test]
    fn closing_lines_add_up() {
        check(
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "3 passed, 0 failed",
        );
        check("  12 passed (3.4s)", "12 passed, 0 failed");
        check("  1 failed\n    [desktop] › panel.spec.ts\n  4 passed (3.4s)", "4 passed, 1 failed");
        check("test a ... ok\ntest result: FAILED. 1 passed; 2 failed; 0 ignored", "1 passed, 2 failed");
    }

    #[test]
    fn other_words_do_not() {
        check("running 3 tests\n3 of 5 agents passed the door\n100 passedly", "0 passed, 0 failed");
    }

    #[test]
    fn a_run_without_tests_fails() {
        let error = TestCount::default().run(&mut Command::new("true")).unwrap_err().to_string();
        assert_eq!(error, "`true` ran no test");
    }
}
