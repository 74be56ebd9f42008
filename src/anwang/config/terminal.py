"""How the command line speaks: its language, its one sentence when something is wrong, its bars.

The words of the command line stand in both languages where they are used: help is read before Django starts.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from typer.core import TyperCommand, TyperGroup

# Chinese unless somebody says otherwise: ANWANG_LANG for Anwang alone, LANG for everything of this user.
ENGLISH = (os.environ.get("ANWANG_LANG") or os.environ.get("LANG") or "zh").lower().startswith("en")
DEBUG = os.environ.get("ANWANG_DEBUG") == "1"
console = Console(stderr=True)


def t(zh: str, en: str) -> str:
    return en if ENGLISH else zh


# The words that the library puts around ours, in the order in which they are looked for.
_HELP = (
    (re.compile(r"^Usage: ", re.MULTILINE), "用法："),
    (re.compile(r"^Options:$", re.MULTILINE), "选项："),
    (re.compile(r"^Commands:$", re.MULTILINE), "命令："),
    (re.compile(r"^Arguments:$", re.MULTILINE), "参数："),
    (re.compile(r"Show this message and exit\."), "显示这段说明"),
    (re.compile(r"\[required\]"), "[必填]"),
    (re.compile(r"\[default: ([^\]]*)\]"), r"[默认：\1]"),
    (re.compile(r"\[OPTIONS\]"), "[选项]"),
    (re.compile(r"COMMAND \[ARGS\]\.\.\."), "命令 [参数]..."),
)
_ERRORS = (
    (re.compile(r"^No such command (.+?)\.(?: Did you mean (.+)\?)?$"), "没有 {0} 这个命令。"),
    (re.compile(r"^No such option: (.+?)(?: .*)?$"), "没有 {0} 这个选项。"),
    (re.compile(r"^Missing argument '?(.+?)'?\.$"), "缺少参数 {0}。"),
    (re.compile(r"^Missing option '?(.+?)'?\.$"), "缺少选项 {0}。"),
    (re.compile(r"^Invalid value for '?(.+?)'?: .*$"), "{0} 的值不对。"),
    (re.compile(r"^Option '?(.+?)'? (?:does not take a value|requires an argument)\.$"), "选项 {0} 用法不对。"),
    (re.compile(r"^Got unexpected extra arguments?(?:\(s\))? \((.+)\)$"), "多出的参数：{0}。"),
    (re.compile(r"^Missing command\.$"), "缺少命令。"),
)


def help_words(text: str) -> str:
    if ENGLISH:
        return text
    for pattern, word in _HELP:
        text = pattern.sub(word, text)
    return text


def error_words(text: str) -> str:
    """A mistake in calling, in the language of the command line."""
    if ENGLISH:
        return text
    for pattern, words in _ERRORS:
        if found := pattern.match(text):
            return words.format(*(part or "" for part in found.groups()))
    return text


class Command(TyperCommand):
    def get_help(self, ctx: Any) -> str:
        return help_words(super().get_help(ctx))


class Group(TyperGroup):
    def get_help(self, ctx: Any) -> str:
        return help_words(super().get_help(ctx))


class App(typer.Typer):
    """A program or a group of commands whose help is in the language of the command line."""

    def __init__(self, zh: str, en: str, *, alone: bool = False) -> None:
        """``alone``: without a subcommand it does something itself and not print its help."""
        super().__init__(
            cls=Group,
            help=t(zh, en),
            no_args_is_help=not alone,
            add_completion=False,
            rich_markup_mode=None,
            pretty_exceptions_enable=False,
        )

    def does(self, name: str, zh: str, en: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Register a command under ``name`` with its help in both languages."""
        return self.command(name, cls=Command, help=t(zh, en), short_help=t(zh, en))


Json = Annotated[bool, typer.Option("--json", help=t("输出 JSON，供脚本读取", "print JSON for scripts"))]


def fail(words: str, code: int = 1) -> NoReturn:
    console.print(words, style="bold", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def say(words: str) -> None:
    typer.echo(words)


def note(words: str) -> None:
    """Progress and hints go beside the result, so that a script can read the result alone."""
    console.print(words, markup=False, highlight=False, soft_wrap=True)


def answer(data: Any, *, as_json: bool, words: str) -> None:
    typer.echo(json.dumps(data, ensure_ascii=False, default=str) if as_json else words)


@contextmanager
def house() -> Iterator[datetime]:
    """Start Django, give the moment, and turn what goes wrong into one sentence and an exit code."""
    import django
    from django.core.exceptions import ImproperlyConfigured

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "anwang.config.settings")
    try:
        django.setup()
    except (ImproperlyConfigured, OSError, ValueError) as error:
        if DEBUG:
            raise
        fail(t(f"配置有误：{error}", f"Settings: {error}"))

    from django.db import DatabaseError
    from django.utils import timezone, translation

    from anwang.ground.base.errors import Refused

    with translation.override("en" if ENGLISH else "zh-hans"):
        try:
            yield timezone.now()
        except Refused as refused:
            fail(str(refused))
        except DatabaseError as error:
            if DEBUG:
                raise
            fail(t(f"数据库出错：{_first_line(error)}", f"Database: {_first_line(error)}") + _hint(error))
        except OSError as error:
            if DEBUG:
                raise
            fail(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def _hint(error: Exception) -> str:
    words = str(error)
    if "no such table" in words or "does not exist" in words or "no such column" in words:
        return t("。请先运行 anwang migrate。", ". Run anwang migrate first.")
    if "connect" in words.lower():
        return t("。请检查 DATABASE_URL 和数据库服务。", ". Check DATABASE_URL and the database server.")
    return ""


@contextmanager
def bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, a line now and then elsewhere; nothing that takes long is silent."""
    if console.is_terminal:
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as progress:
            task = progress.add_task(what, total=None)
            yield lambda done, total: progress.update(task, completed=done, total=total)
        return
    said = -1

    def line(done: int, total: int) -> None:
        nonlocal said
        percent = 100 * done // max(total, 1) // 5 * 5
        if percent > said:
            said = percent
            note(f"{what} {percent} %")

    yield line


def run(app: typer.Typer, program: str) -> int:
    """Run the program with the arguments of this process; returns its exit code. No traceback unless ANWANG_DEBUG=1."""
    command = typer.main.get_command(app)
    try:
        code = command.main(prog_name=program, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        return 130
    except BrokenPipeError:
        return 141
    except Exception as error:
        if hasattr(error, "format_message"):  # a mistake in calling
            context = getattr(error, "ctx", None)
            if context is not None and not error.format_message():
                say(context.get_help())
                return 2
            if context is not None:
                note(help_words(context.get_usage()))
            note(error_words(error.format_message()))
            return int(getattr(error, "exit_code", 2))
        if DEBUG:
            raise
        note(
            t(
                f"没有做成：{type(error).__name__}: {_first_line(error)}（ANWANG_DEBUG=1 可看详情）",
                f"It did not work: {type(error).__name__}: {_first_line(error)} (ANWANG_DEBUG=1 shows where)",
            )
        )
        return 1
    return code if isinstance(code, int) else 0
