"""The ``mlmodel`` command: one module per command, imported when it is called."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from mlmodel.cli import habits
from mlmodel.cli.group import Group

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

__all__ = ["main"]

#: Command -> (module under mlmodel.cli, help line). The module's attribute ``command`` is a
#: click command with the same help line (a test compares), so ``--help`` imports none of them.
COMMANDS: dict[str, tuple[str, str]] = {
    "validate": ("validate", "Check model folders and MLmodel files against the specification."),
    "rule": ("rule", "Show rules of the specification."),
    "fmt": ("fmt", "Rewrite MLmodel files in their canonical form; comments are kept."),
    "inspect": ("inspect", "Show what models are, without running any of their code."),
    "doctor": (
        "doctor",
        "Tell which flavors this environment can load, and what is missing for the others.",
    ),
    "convert": ("convert", "Give a model a second flavor, or its file in another form."),
    "diff": ("diff", "Show how two models differ, without running any of their code."),
    "signature": ("signature", "Show and compare signatures."),
    "validate-input": (
        "validate_input",
        "Check data against a model's signature, without loading the model.",
    ),
    "predict": ("predict", "Score a file with a model."),
    "score": ("score", "Score a file with a model that a server has."),
    "serve": ("serve", "Serve models over REST."),
    "trust": ("trust", "List, add and remove trusted model folders."),
    "cache": ("cache", "List and remove downloaded models."),
    "java": ("java", "Get the jars for models of the JVM, and run them."),
    "conformance": ("conformance", "Run the conformance vectors against any implementation."),
}


class _LazyGroup(Group):
    """A group whose commands are imported on use."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"mlmodel.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in COMMANDS and not ctx.resilient_parsing:
            hint = habits.of_command(args)
            if hint:
                raise click.UsageError(f"No such command {args[0]!r}. {hint}", ctx)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]

    def invoke(self, ctx: click.Context) -> Any:
        from mlmodel.cli.progress import downloads_shown

        with downloads_shown():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    if value:
        from mlmodel._base.version import __version__

        click.echo(f"mlmodel {__version__}")
        ctx.exit()


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def cli() -> None:
    """Validate, inspect, load, score and serve models in the MLmodel format."""


def main(args: list[str] | None = None) -> None:
    """Run the command line; exit codes are those of spec/errors.md.

    Returns where the code is 0, else raises SystemExit.
    """
    import warnings

    warnings.showwarning = _warn
    try:
        # Commands return nothing: what comes back is the code that a context's exit was given.
        code = cli.main(args=args, prog_name="mlmodel", standalone_mode=False)
    except click.ClickException as error:
        _show(error)
        sys.exit(error.exit_code)
    except click.Abort:
        click.echo("Aborted.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except Exception as error:  # noqa: BLE001 - the last resort: no traceback to the user
        _fail(error)
    if code:
        sys.exit(code)


def _warn(message: Warning | str, *_where: object, **_more: object) -> None:
    """Say a warning as the command's own; where in the code it was raised helps no user.

    Further lines of it are indented, so that none can pass for the command's own.
    """
    from mlmodel.cli._shared import echo

    first, *more = str(message).split("\n")
    for line in (f"mlmodel: warning: {first}", *(f"  {line}" for line in more)):
        echo(line, err=True)


def _show(error: click.ClickException) -> None:
    """Say what click found; what the user wrote, or a shell found for a ``*``, is in it."""
    import io

    from mlmodel._base.texts import printable
    from mlmodel.cli._shared import without_commands

    text = io.StringIO()
    error.show(text)
    lines = printable(text.getvalue()).split("\n")
    click.echo("\n".join(map(without_commands, lines)), nl=False, err=True)
    hint = habits.of_option(error.option_name) if isinstance(error, click.NoSuchOption) else ""
    if hint:
        click.echo(hint, err=True)


def _fail(error: Exception) -> NoReturn:
    """Say what went wrong and exit with its code (the errors are imported when there is one)."""
    from mlmodel.cli._shared import echo, fail
    from mlmodel.errors import InternalError, MlmodelError

    if isinstance(error, MlmodelError):
        fail(error)
    echo(
        f"mlmodel: {InternalError.code}: {type(error).__name__}: {error}. "
        "This is a bug in mlmodel; please report it.",
        err=True,
    )
    sys.exit(InternalError.exit_code)
