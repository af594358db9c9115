"""The tree of commands. Each command's module is imported when the command runs, not before (docs/adr/0003)."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

import click

__all__ = ["COMMANDS", "LazyGroup", "app"]

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("demo", "The whole story on this machine, in a minute."),
    "build": ("build", "Build a lockbox from the cloud into a folder."),
    "verify": ("verify", "Is it genuine, complete and current?"),
    "write": ("write", "Write a lockbox to sticks, and prove what is on them."),
    "explain": ("explain", "Why is this package to be believed, or not?"),
    "rehearse": ("rehearse", "What would this device say, in this order?"),
    "inspect": ("inspect", "What is in it; no verdict."),
    "pack": ("pack", "A lockbox in one file: squashfs, tar or a disk image."),
    "drives": ("drives", "Sticks and cards, and what is on them."),
    "lockboxes": ("lockboxes_listing", "Define, compare and revoke lockboxes in the cloud."),
    "packages": ("packages", "The packages of an account."),
    "updates": ("updates", "Updates over the network."),
    "trust": ("trust", "Roots that this machine believes."),
    "register": ("register", "Sticks that were written, and how long they are good."),
    "receipts": ("receipts", "What a write left on a stick, and the key that signs it."),
    "store": ("store", "Verified bytes kept on this machine."),
    "login": ("login", "Keep the credentials of an API client."),
    "whoami": ("whoami", "What the credentials can do."),
    "logout": ("logout", "Forget the credentials of an API client."),
    "sandbox": ("sandbox", "The rehearsal cloud."),
}
"""Command name to module and short help, so that the overview needs no import."""


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of a first encounter."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"lockstick.cli.{COMMANDS[cmd_name][0]}")
        command = getattr(module, cmd_name)
        if not isinstance(command, click.Command):
            raise TypeError(cmd_name)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that was typed; for one that does not exist, ask for the one that was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            meant = get_close_matches(args[0].lower(), COMMANDS, n=1)
            known = f"Did you mean '{meant[0]}'?" if meant else f"The commands are: {', '.join(COMMANDS)}."
            raise click.UsageError(f"No such command {args[0]!r}. {known}", ctx) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the overview from the table above."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in COMMANDS.items()])


def _version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib import metadata

        click.echo(f"lockstick {metadata.version('lockstick')}")
        ctx.exit()


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="'lockstick COMMAND --help' says more. Exit codes: 0 true, 2 usage, 3 not to be trusted, 4 not current, "
    "5 transfer, 6 disk or medium, 7 not allowed, 8 not found, 130 interrupted.",
)
@click.option("--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show the version.")
def app() -> None:
    """Carry signed software to devices that never see a network.

    A lockbox is a named, signed list of packages. Lockstick proves it, gathers every byte behind it into one
    folder, and proves the folder again with no network at all.
    """
