//! Runs one command: settings from all layers, surroundings from the system, the use case, the answer.

mod bench;
mod contest;
mod data;
mod download;
mod evaluate;
mod factors;
mod list;
mod pool;
mod project;
mod rows;
mod run;
mod runs;
mod search;
mod stress;
mod sweep;
mod universe;
mod verdicts;
mod verify;

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use crosscut_app::config::{Config, Given, Sources};
use crosscut_app::factors as app_factors;
use crosscut_app::registry::Kind;
use crosscut_app::{AppError, Desk, Level, Machine, desk, pipeline};

use crate::answer::{self, Answer, Status};
use crate::commands::{
    Command, CommandLine, ConfigCommand, DataCommand, FactorsCommand, ListCommand, PipelineCommand, PoolCommand,
    RunsCommand, UniverseCommand,
};
use crate::terminal::Terminal;

/// The settings file that is read when it lies in the current folder.
const PROJECT_FILE: &str = "crosscut.yaml";

/// The file of environment variables that is read when it lies in the current folder.
const DOT_ENV: &str = ".env";

/// Runs the command and prints its answer.
pub fn run(line: CommandLine) -> Status {
    let (name, as_json) = (name(&line.command), line.global.json);
    answer::print(name, as_json, answer(&line))
}

/// Builds the surroundings and runs the command in them.
fn answer(line: &CommandLine) -> Result<Answer, AppError> {
    let config = Config::resolve(&sources(line)?)?;
    let level = config.text("log_level").and_then(Level::named).unwrap_or(Level::Info);
    let terminal = Terminal::new(level);
    let machine = machine();
    let threads = desk::n_threads(&config, &machine, thread_keys(&line.command));
    desk::start_threads(threads);
    let desk = Desk { config, events: &terminal, clock: now, machine, threads };
    let answer = dispatch(line, &desk);
    terminal.clear();
    answer
}

/// Runs one command.
fn dispatch(line: &CommandLine, desk: &Desk<'_>) -> Result<Answer, AppError> {
    match &line.command {
        Command::Init(args) => project::init(args),
        Command::Config(ConfigCommand::Show) => Ok(project::config_show(desk)),
        Command::Data(command) => data::data(command, desk),
        Command::Hub(command) => data::hub(command, desk),
        Command::Aggregate(args) => data::aggregate(args, desk),
        Command::Features(args) => factors::features(args, desk),
        Command::Factors(command) => factors::factors(command, desk, &config_files(line).1),
        Command::Runs(command) => runs::runs(command, desk),
        Command::Demo(args) => run::demo(args, desk),
        Command::Evaluate(args) => evaluate::evaluate(args, desk),
        Command::Backtest(_) => run::backtest(desk),
        Command::Sweep(_) => sweep::sweep(desk),
        Command::Stress(args) => stress::stress(desk, args.run.as_deref(), args.html.as_deref()),
        Command::Optimize(_) => search::optimize(desk),
        Command::Walkforward(_) => search::walkforward(desk),
        Command::Universe(UniverseCommand::Bias(_)) => universe::survivorship(desk),
        Command::Pool(command) => pool::pool(command, desk),
        Command::Pipeline(PipelineCommand::Run(_)) => run::pipeline(desk),
        Command::Bench(args) => bench::bench(args, desk),
        Command::List(command) => list_kind(command),
        Command::Reference(args) => list::reference(&args.dir),
    }
}

/// `list ...`.
fn list_kind(command: &ListCommand) -> Result<Answer, AppError> {
    let (kind, args) = match command {
        ListCommand::Operators(args) => (Kind::Operators, args),
        ListCommand::Factors(args) => (Kind::Factors, args),
        ListCommand::Strategies(args) => (Kind::Strategies, args),
        ListCommand::Costs(args) => (Kind::Costs, args),
        ListCommand::Providers(args) => (Kind::Providers, args),
    };
    list::list(kind, args.name.as_deref())
}

/// The command's name, as in the JSON answer.
fn name(command: &Command) -> &'static str {
    match command {
        Command::Init(_) => "init",
        Command::Config(ConfigCommand::Show) => "config show",
        Command::Data(DataCommand::Import(_)) => "data import",
        Command::Data(DataCommand::Download(_)) => "data download",
        Command::Data(DataCommand::Providers) => "data providers",
        Command::Data(DataCommand::Query(_)) => "data query",
        Command::Data(DataCommand::Verify(_)) => "data verify",
        Command::Data(DataCommand::Serve(_)) => "data serve",
        Command::Data(DataCommand::Generate(_)) => "data generate",
        Command::Data(DataCommand::Export(_)) => "data export",
        Command::Data(DataCommand::List(_)) => "data list",
        Command::Data(DataCommand::Info(_)) => "data info",
        Command::Hub(_) => "hub gc",
        Command::Aggregate(_) => "aggregate",
        Command::Features(_) => "features",
        Command::Factors(FactorsCommand::Run(_)) => "factors run",
        Command::Factors(FactorsCommand::Update(_)) => "factors update",
        Command::Factors(FactorsCommand::List(_)) => "factors list",
        Command::Factors(FactorsCommand::Show(_)) => "factors show",
        Command::Factors(FactorsCommand::Audit(_)) => "factors audit",
        Command::Factors(FactorsCommand::Load(_)) => "factors load",
        Command::Demo(_) => "demo",
        Command::Evaluate(args) if args.command.is_some() => "evaluate verify",
        Command::Evaluate(_) => "evaluate",
        Command::Backtest(_) => "backtest",
        Command::Sweep(_) => "sweep",
        Command::Stress(_) => "stress",
        Command::Optimize(_) => "optimize",
        Command::Walkforward(_) => "walkforward",
        Command::Universe(_) => "universe bias",
        Command::Pool(PoolCommand::Build(_)) => "pool build",
        Command::Pool(PoolCommand::Show(_)) => "pool show",
        Command::Pool(PoolCommand::Diff(_)) => "pool diff",
        Command::Pipeline(_) => "pipeline run",
        Command::Bench(_) => "bench",
        Command::Runs(RunsCommand::List(_)) => "runs list",
        Command::Runs(RunsCommand::Show(_)) => "runs show",
        Command::Runs(RunsCommand::Compare(_)) => "runs compare",
        Command::Runs(RunsCommand::Capacity(_)) => "runs capacity",
        Command::Runs(RunsCommand::Rerun(_)) => "runs rerun",
        Command::Runs(RunsCommand::Explain(_)) => "runs explain",
        Command::Runs(RunsCommand::Verify(_)) => "runs verify",
        Command::Runs(RunsCommand::Trials(_)) => "runs trials",
        Command::Runs(RunsCommand::Judge(_)) => "runs judge",
        Command::Runs(RunsCommand::Contest(_)) => "runs contest",
        Command::List(ListCommand::Operators(_)) => "list operators",
        Command::List(ListCommand::Factors(_)) => "list factors",
        Command::List(ListCommand::Strategies(_)) => "list strategies",
        Command::List(ListCommand::Costs(_)) => "list costs",
        Command::List(ListCommand::Providers(_)) => "list providers",
        Command::Reference(_) => "reference",
    }
}

/// The files of `--config`: settings, and for `factors run` and `factors update` the factor sets among them.
fn config_files(line: &CommandLine) -> (Vec<PathBuf>, Vec<PathBuf>) {
    match line.command {
        Command::Factors(FactorsCommand::Run(_) | FactorsCommand::Update(_)) => {
            app_factors::split_files(&line.global.config)
        }
        _ => (line.global.config.clone(), Vec::new()),
    }
}

/// The settings that say how many threads a command uses.
fn thread_keys(command: &Command) -> &'static [&'static str] {
    match command {
        Command::Pipeline(_) => &["pipeline.workers", "threads"],
        Command::Sweep(_) | Command::Optimize(_) | Command::Walkforward(_) => &["sweep.workers", "threads"],
        _ => &["threads"],
    }
}

/// Microseconds since the epoch. A clock before 1970 counts as 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The machine at hand.
fn machine() -> Machine {
    Machine {
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
        n_cpus: std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// What the settings are read from.
fn sources(line: &CommandLine) -> Result<Sources, AppError> {
    let words: Vec<String> = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some((flag, values)) = line.global.lost(&words) {
        let error = format!("--{flag} stands before and behind the command: `{}`", values.join("`, `"));
        return Err(AppError::new(error).hint(format!("give --{flag} in one place")));
    }
    let mut flags = line.global.settings.given.clone();
    flags.extend(command_settings(&line.command));
    let project = PathBuf::from(PROJECT_FILE);
    let mut files: Vec<PathBuf> = project.exists().then_some(project).into_iter().collect();
    files.extend(config_files(line).0);
    let dot_env = match std::fs::read_to_string(DOT_ENV) {
        Ok(text) => Some((DOT_ENV.to_owned(), text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(AppError::io("read", DOT_ENV.as_ref(), &error)),
    };
    let environment = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Ok(Sources {
        flags,
        set: line.global.set.clone(),
        environment,
        dot_env,
        files,
        command_defaults: command_defaults(&line.command),
    })
}

/// The defaults a command brings along.
fn command_defaults(command: &Command) -> &'static [(&'static str, &'static str, &'static str)] {
    match command {
        Command::Pipeline(_) => pipeline::DEFAULTS,
        _ => &[],
    }
}

/// The settings among a command's own options.
fn command_settings(command: &Command) -> Vec<Given> {
    match command {
        Command::Data(DataCommand::Import(args)) => args.settings.given.clone(),
        Command::Data(DataCommand::Download(args)) => args.settings.given.clone(),
        Command::Data(DataCommand::Query(args)) => args.settings.given.clone(),
        Command::Data(DataCommand::Export(args)) => args.settings.given.clone(),
        Command::Data(DataCommand::Verify(args)) => args.settings.given.clone(),
        Command::Data(DataCommand::List(args)) => args.given.clone(),
        Command::Data(DataCommand::Info(args)) => args.settings.given.clone(),
        Command::Aggregate(args) => args.settings.given.clone(),
        Command::Features(args) => args.settings.given.clone(),
        Command::Factors(FactorsCommand::Run(args)) => args.given.clone(),
        Command::Factors(FactorsCommand::Update(args)) => args.settings.given.clone(),
        Command::Factors(FactorsCommand::List(args)) => args.settings.given.clone(),
        Command::Factors(FactorsCommand::Show(args)) => args.settings.given.clone(),
        Command::Factors(FactorsCommand::Load(args)) => args.settings.given.clone(),
        Command::Factors(FactorsCommand::Audit(args)) => args.settings.given.clone(),
        Command::Evaluate(args) => args.settings.given.clone(),
        Command::Backtest(args) | Command::Universe(UniverseCommand::Bias(args)) => args.settings.given.clone(),
        Command::Stress(args) => args.settings.given.clone(),
        Command::Runs(RunsCommand::Judge(args)) => args.settings.given.clone(),
        Command::Runs(RunsCommand::Contest(args)) => args.settings.given.clone(),
        Command::Pool(PoolCommand::Build(args)) => args.settings.given.clone(),
        Command::Pipeline(PipelineCommand::Run(args)) => args.settings.given.clone(),
        Command::Sweep(args) => args.settings.given.clone(),
        Command::Optimize(args) => args.settings.given.clone(),
        Command::Walkforward(args) => args.settings.given.clone(),
        _ => Vec::new(),
    }
}
