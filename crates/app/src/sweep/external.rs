//! A search by a program of the user's: JSON lines through its standard input and output, one conversation for the whole
//! search.
//!
//! It is told what may vary (`parameters`), asked for points (`{"ask": 8}` is answered by one line, `{"points": [...]}`), and
//! told what came of them (`{"tell": [...]}`, not answered). A point is a list of places from 0 to below 1, or a mapping from
//! names to values. After a kill the conversation begins anew, and what was run is answered from the journal: a program that
//! follows its seed asks for the same sets again.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use crosscut_backtest::search::{SearchMethod, Trial};
use crosscut_backtest::sweep::Axis;
use serde_json::{Value, json};

use super::study::Study;
use crate::config::Config;
use crate::error::AppError;

/// Longest line that is read, bytes.
const LINE_MAX: u64 = 1 << 24;

/// How long a program may take to end after its input has, in steps.
const FAREWELL: (u32, Duration) = (40, Duration::from_millis(25));

/// A program that proposes points.
pub(super) struct External {
    /// The command, for messages.
    name: String,
    /// What runs.
    child: Child,
    /// Its standard input; `None` after the end.
    input: Option<ChildStdin>,
    /// Lines of its standard output.
    lines: Receiver<std::io::Result<String>>,
    /// How long an answer may take.
    timeout: Duration,
    /// What may vary.
    axes: Vec<Axis>,
    /// Trials that it was told of.
    n_told: usize,
}

impl External {
    /// Starts the program of a study and tells it the space; `None` for searches without one.
    ///
    /// # Errors
    /// No program, or one that cannot be started; a timeout that is not above 0.
    pub(super) fn start(config: &Config, study: &Study, axes: &[Axis]) -> Result<Option<Self>, AppError> {
        if study.method != SearchMethod::External {
            return Ok(None);
        }
        let name = study.program.join(" ");
        let Some((program, arguments)) = study.program.split_first() else {
            let error = config.refuse("optimize.program", "expected a command, found nothing");
            return Err(error.hint("such as `program: python3 sampler.py`, run in the folder of the command"));
        };
        let seconds = config.number("optimize.program_timeout").unwrap_or(60.0);
        let timeout =
            Duration::try_from_secs_f64(seconds).ok().filter(|timeout| !timeout.is_zero()).ok_or_else(|| {
                config.refuse("optimize.program_timeout", &format!("expected seconds above 0, found {seconds}"))
            })?;
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| config.refuse("optimize.program", &format!("`{name}` cannot be started: {error}")))?;
        let lines = reader(child.stdout.take());
        let input = child.stdin.take();
        let mut started = Self { name, child, input, lines, timeout, axes: axes.to_vec(), n_told: 0 };
        let goals: Vec<String> = study.objective.goals.iter().map(|goal| goal.text()).collect();
        started.say(&json!({
            "crosscut": 1,
            "seed": study.seed,
            "trials": study.n,
            "batch": study.batch,
            "objectives": goals,
            "parameters": axes.iter().map(Axis::described).collect::<Vec<_>>(),
        }))?;
        Ok(Some(started))
    }

    /// Tells what came of the trials since the last time, and asks for up to `n` points. None: the program has no more.
    ///
    /// # Errors
    /// A program that ended, is too late, or answers what is no point.
    pub(super) fn propose(&mut self, trials: &[Trial], n: usize) -> Result<Vec<Vec<f64>>, AppError> {
        let told: Vec<Value> = trials[self.n_told..].iter().map(|trial| self.told(trial)).collect();
        self.n_told = trials.len();
        if !told.is_empty() {
            self.say(&json!({ "tell": told }))?;
        }
        self.say(&json!({ "ask": n }))?;
        let line = self.answer()?;
        let value: Value =
            serde_json::from_str(&line).map_err(|error| self.wrong(&format!("no JSON ({error})"), &line))?;
        let points = value["points"].as_array().ok_or_else(|| self.wrong("there is no list `points`", &line))?;
        if points.len() > n {
            return Err(self.wrong(&format!("{} points where {n} were asked for", points.len()), &line));
        }
        points.iter().map(|point| self.point(point).map_err(|problem| self.wrong(&problem, &line))).collect()
    }

    /// A trial for the program. Losses are to be made small; none: it failed, or broke a constraint or requirement.
    fn told(&self, trial: &Trial) -> Value {
        let values: serde_json::Map<String, Value> = self
            .axes
            .iter()
            .zip(&trial.point)
            .map(|(axis, &place)| (axis.key.clone(), axis.at(place).into()))
            .collect();
        json!({ "point": trial.point, "values": values, "losses": trial.losses })
    }

    /// A point as places in the cube.
    fn point(&self, point: &Value) -> Result<Vec<f64>, String> {
        let n = self.axes.len();
        if let Some(places) = point.as_array() {
            let place = |value: &Value| value.as_f64().filter(|place| (0.0..1.0).contains(place));
            let places: Option<Vec<f64>> = places.iter().map(place).collect();
            return places
                .filter(|places| places.len() == n)
                .ok_or_else(|| format!("{point} is not {n} places from 0 to below 1"));
        }
        let Some(values) = point.as_object() else { return Err(format!("{point} is no point")) };
        let is_of = |axis: &Axis, name: &str| axis.key == name || axis.key.ends_with(&format!(".{name}"));
        if let Some(unknown) = values.keys().find(|name| !self.axes.iter().any(|axis| is_of(axis, name))) {
            return Err(format!("`{unknown}` is no parameter of the search"));
        }
        let place = |axis: &Axis| {
            let value = values.iter().find(|(name, _)| is_of(axis, name)).map(|(_, value)| value);
            let value = value.ok_or_else(|| format!("{point} has no value of `{}`", axis.key))?;
            axis.place_of(value).ok_or_else(|| format!("{value} is no value of `{}`", axis.key))
        };
        self.axes.iter().map(place).collect()
    }

    /// Writes a line.
    fn say(&mut self, value: &Value) -> Result<(), AppError> {
        let line = format!("{value}\n");
        let said = self.input.as_mut().map(|input| input.write_all(line.as_bytes()).and_then(|()| input.flush()));
        match said {
            Some(Ok(())) => Ok(()),
            _ => Err(self.ended()),
        }
    }

    /// Reads a line.
    fn answer(&mut self) -> Result<String, AppError> {
        match self.lines.recv_timeout(self.timeout) {
            Ok(Ok(line)) => Ok(line),
            Ok(Err(error)) => Err(AppError::new(format!("optimize.program `{}` cannot be read: {error}", self.name))),
            Err(RecvTimeoutError::Timeout) => {
                let seconds = self.timeout.as_secs_f64();
                let text = format!("optimize.program `{}` gave no answer in {seconds} s", self.name);
                Err(AppError::new(text).hint("does it flush its output? `program_timeout` gives it more time"))
            }
            Err(RecvTimeoutError::Disconnected) => Err(self.ended()),
        }
    }

    /// The error for a program that is no longer there.
    fn ended(&mut self) -> AppError {
        let how = match self.farewell() {
            Some(status) => format!("{status}"),
            None => "its output was closed".to_owned(),
        };
        AppError::new(format!("optimize.program `{}` ended before the search did: {how}", self.name))
    }

    /// The error for an answer that is none.
    fn wrong(&self, problem: &str, line: &str) -> AppError {
        let shown: String = line.trim_end().chars().take(200).collect();
        AppError::new(format!("optimize.program `{}` answered `{shown}`: {problem}", self.name))
            .hint("expected one line such as {\"points\": [[0.25, 0.5], {\"k\": 10, \"factor\": \"return_5\"}]}")
    }

    /// Ends the input and waits a little for the program to end by itself.
    fn farewell(&mut self) -> Option<std::process::ExitStatus> {
        drop(self.input.take());
        for _ in 0..FAREWELL.0 {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            std::thread::sleep(FAREWELL.1);
        }
        None
    }
}

impl Drop for External {
    fn drop(&mut self) {
        if self.farewell().is_none() {
            // It is of no use any more, and there is nobody to tell.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Lines of an output, read on a thread of their own so that one can wait for them with an end.
fn reader(output: Option<impl Read + Send + 'static>) -> Receiver<std::io::Result<String>> {
    let (sender, lines) = channel();
    if let Some(output) = output {
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let mut line = String::new();
                let read = (&mut output).take(LINE_MAX).read_line(&mut line);
                let is_over = !matches!(read, Ok(n) if n > 0);
                if matches!(read, Ok(0)) || sender.send(read.map(|_| line)).is_err() || is_over {
                    return;
                }
            }
        });
    }
    lines
}
