//! As much of Python as it takes to be asked for the bootloader: imports, a few calls, `print` of a literal.

use std::collections::BTreeSet;
use std::time::Duration;

/// What can be imported. *Inferred*: which modules there are beside those that MicroPython's documentation names.
const MODULES: &[&str] = &[
    "gc",
    "machine",
    "micropython",
    "os",
    "pyb",
    "sys",
    "time",
    "utime",
];

/// What has been imported.
#[derive(Debug, Default)]
pub struct Names(BTreeSet<&'static str>);

/// What came of a program.
#[derive(Debug, PartialEq, Eq)]
pub struct Run {
    /// What it has printed.
    pub output: String,
    /// How it ended.
    pub end: End,
    /// How long it has slept until then.
    pub slept: Duration,
}

/// How a program ends.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// After its last statement.
    Well,
    /// With an exception, whose last line this is.
    Raised(String),
    /// It could not be compiled.
    SyntaxError,
    /// `machine.bootloader()`
    Bootloader,
    /// `machine.reset()`
    Reset,
    /// `machine.soft_reset()`
    SoftReset,
}

/// A statement that makes sense.
#[derive(Debug, PartialEq, Eq)]
enum Statement<'t> {
    Import(Vec<&'t str>),
    Call {
        module: &'t str,
        function: &'t str,
        argument: &'t str,
    },
    Print(String),
    Name(&'t str),
}

impl Names {
    /// Runs a program: what its statements do one after the other, up to the one that ends it.
    pub fn run(&mut self, program: &str) -> Run {
        let mut run = Run {
            output: String::new(),
            end: End::Well,
            slept: Duration::ZERO,
        };
        let lines = program.split(['\r', '\n', ';']).map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let statements: Option<Vec<Statement>> = lines.map(read).collect();
        let Some(statements) = statements else {
            run.end = End::SyntaxError;
            return run;
        };
        for statement in statements {
            run.end = self.carry_out(&statement, &mut run);
            if run.end != End::Well {
                break;
            }
        }
        run
    }

    fn carry_out(&mut self, statement: &Statement, run: &mut Run) -> End {
        match *statement {
            Statement::Import(ref names) => self.import(names),
            Statement::Print(ref text) => {
                run.output.push_str(text);
                run.output.push_str("\r\n");
                End::Well
            }
            Statement::Name(name) if self.0.contains(name) => {
                run.output.push_str(&format!("<module '{name}'>\r\n"));
                End::Well
            }
            Statement::Name(name) => unknown(name),
            Statement::Call { module, .. } if !self.0.contains(module) => unknown(module),
            Statement::Call {
                module,
                function,
                argument,
            } => call(module, function, argument, run),
        }
    }

    fn import(&mut self, names: &[&str]) -> End {
        for name in names {
            match MODULES.iter().find(|module| *module == name) {
                Some(module) => self.0.insert(module),
                None => return End::Raised(format!("ImportError: no module named '{name}'")),
            };
        }
        End::Well
    }
}

fn call(module: &str, function: &str, argument: &str, run: &mut Run) -> End {
    let is_time = matches!(module, "time" | "utime");
    let milliseconds = argument.parse::<u32>();
    match (module, function, argument) {
        ("machine" | "pyb", "bootloader", "") => End::Bootloader,
        ("machine", "reset", "") | ("pyb", "hard_reset", "") => End::Reset,
        ("machine", "soft_reset", "") => End::SoftReset,
        (_, "sleep_ms", _) if is_time => sleep(milliseconds.ok().map(u64::from), run),
        (_, "sleep", _) if is_time => sleep(
            milliseconds.ok().map(|seconds| u64::from(seconds) * 1000),
            run,
        ),
        ("pyb", "delay", _) => sleep(milliseconds.ok().map(u64::from), run),
        _ => End::Raised(format!(
            "AttributeError: 'module' object has no attribute '{function}'"
        )),
    }
}

fn sleep(milliseconds: Option<u64>, run: &mut Run) -> End {
    match milliseconds {
        Some(milliseconds) => {
            run.slept = run
                .slept
                .saturating_add(Duration::from_millis(milliseconds));
            End::Well
        }
        None => End::Raised("TypeError: can't convert to int".to_owned()),
    }
}

fn unknown(name: &str) -> End {
    End::Raised(format!("NameError: name '{name}' isn't defined"))
}

/// `None` where it is no statement that is known here.
fn read(line: &str) -> Option<Statement<'_>> {
    if let Some(names) = line.strip_prefix("import ") {
        let names: Vec<&str> = names.split(',').map(str::trim).collect();
        let all_names = names.iter().all(|name| is_name(name));
        return all_names.then_some(Statement::Import(names));
    }
    if line == "import" {
        return None;
    }
    let Some((called, argument)) = line.strip_suffix(')').and_then(|call| call.split_once('('))
    else {
        return is_name(line).then_some(Statement::Name(line));
    };
    let argument = argument.trim();
    match called.split_once('.') {
        Some((module, function)) if is_name(module) && is_name(function) => Some(Statement::Call {
            module,
            function,
            argument,
        }),
        None if called == "print" => literal(argument).map(Statement::Print),
        _ => None,
    }
}

fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes
        .next()
        .is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A whole number, or a string without escapes, as `print` shows it.
fn literal(text: &str) -> Option<String> {
    let number = text.parse::<i64>().map(|number| number.to_string());
    let quoted = ['\'', '"'].into_iter().find_map(|quote| {
        let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains([quote, '\\'])).then(|| inner.to_owned())
    });
    number.ok().or(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(program: &str) -> Run {
        Names::default().run(program)
    }

    fn end(program: &str) -> End {
        run(program).end
    }

    fn raised(text: &str) -> End {
        End::Raised(text.to_owned())
    }

    #[test]
    fn the_bootloader_is_called_by_either_module_once_it_is_imported() {
        assert_eq!(end("import machine\nmachine.bootloader()"), End::Bootloader);
        assert_eq!(end("import pyb; pyb.bootloader()"), End::Bootloader);
        assert_eq!(end("import machine;machine.reset()"), End::Reset);
        assert_eq!(
            end("import machine\r\nmachine.soft_reset()"),
            End::SoftReset
        );
        assert_eq!(
            end("machine.bootloader()"),
            raised("NameError: name 'machine' isn't defined")
        );
    }

    #[test]
    fn what_was_imported_stays() {
        let mut names = Names::default();
        assert_eq!(names.run("import time, machine").end, End::Well);
        assert_eq!(names.run("machine.bootloader()").end, End::Bootloader);
        assert_eq!(names.run("machine").output, "<module 'machine'>\r\n");
    }

    #[test]
    fn sleeping_takes_its_time() {
        let program =
            "import time, machine; time.sleep_ms(100); time.sleep(2); machine.bootloader()";
        let run = run(program);
        assert_eq!(run.end, End::Bootloader);
        assert_eq!(run.slept, Duration::from_millis(2100));
        assert_eq!(
            end("import time; time.sleep_ms(x)"),
            raised("TypeError: can't convert to int")
        );
    }

    #[test]
    fn what_comes_before_an_exception_is_printed_and_nothing_runs_of_what_cannot_be_compiled() {
        let run = run("print('one')\nprint(2)\nfoo\nprint(3)");
        assert_eq!(run.output, "one\r\n2\r\n");
        assert_eq!(run.end, raised("NameError: name 'foo' isn't defined"));
        for program in [
            "print(1)\nprint(",
            "1 +",
            "while True:",
            "import",
            "print(f'x')",
            "a.b.c()",
        ] {
            let run = super::tests::run(program);
            assert_eq!(
                (run.output.as_str(), run.end),
                ("", End::SyntaxError),
                "{program}"
            );
        }
    }

    #[test]
    fn a_module_or_function_that_does_not_exist_is_named() {
        assert_eq!(
            end("import machine, nonsense"),
            raised("ImportError: no module named 'nonsense'")
        );
        assert_eq!(
            end("import machine; machine.bootloder()"),
            raised("AttributeError: 'module' object has no attribute 'bootloder'")
        );
    }

    #[test]
    fn comments_and_empty_lines_are_nothing() {
        assert_eq!(end("\r\n# hello\r\n\r\n"), End::Well);
    }
}
