"""The whole house: bring it up to date, run it, fill it, check it, copy it."""

from pathlib import Path
from typing import Annotated

import typer

from anwang.config.terminal import App, Json, answer, bar, fail, house, note, say, t


def add_to(app: App) -> None:
    app.does("migrate", "建库、升级，装入区划和标准库", "create or upgrade the database, load regions and libraries")(
        migrate
    )
    app.does(
        "up", "启动网页、后台任务和瓦斯网关；Ctrl+C 停止", "start web pages, worker and gateway; Ctrl+C stops them"
    )(up)
    app.does("worker", "只启动后台任务进程", "start a worker only")(worker)
    app.does("demo", "造一个演示县（虚构的单位和人）", "make a demonstration county (fictional units and people)")(demo)
    app.does(
        "check",
        "自检：配置、数据库、磁盘、封签、后台任务、版本",
        "check settings, database, disk, seals, jobs, version",
    )(check)
    app.does("backup", "备份到一个文件夹（数据库、文件、密钥、封签）", "back up database, files, keys and seals")(
        backup
    )
    app.does("restore", "把备份恢复到空的 ANWANG_HOME", "restore a backup into an empty ANWANG_HOME")(restore)


def migrate(
    *,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help=t("不显示进度", "say nothing on the way"))] = False,
) -> None:
    with house() as now:
        from anwang.config import setup

        setup.migrate(now=now, say=(lambda _words: None) if quiet else note)


def up(
    *,
    port: Annotated[int, typer.Option(help=t("端口", "port"), min=1, max=65535)] = 8000,
    host: Annotated[str, typer.Option(help=t("监听地址", "address to listen on"))] = "127.0.0.1",
    workers: Annotated[int, typer.Option(help=t("网页进程数", "web processes"), min=1, max=64)] = 1,
    worker: Annotated[bool, typer.Option(help=t("同时启动后台任务进程", "start the worker as well"))] = True,
    gateway: Annotated[
        bool, typer.Option(help=t("同时启动瓦斯监测网关（MQTT、落地目录）", "start the gas watch's gateway as well"))
    ] = True,
) -> None:
    with house():
        from anwang.config import processes, setup

        if problem := setup.not_ready():
            fail(problem)
        if not processes.port_is_free(host, port):
            fail(
                t(
                    f"{host}:{port} 已被占用：换一个端口（--port），或先停掉占用它的程序。",
                    f"{host}:{port} is taken: give another --port, or stop what uses it.",
                )
            )
        raise typer.Exit(processes.run(host=host, port=port, workers=workers, worker=worker, gateway=gateway, say=say))


def worker() -> None:
    with house():
        from anwang.config import tasks
        from anwang.ground.jobs import worker as jobs_worker

        tasks.load()
        raise typer.Exit(jobs_worker.main())


def demo(
    *,
    if_empty: Annotated[
        bool, typer.Option("--if-empty", help=t("已有数据就不动", "do nothing when there is data"))
    ] = False,
    small: Annotated[bool, typer.Option("--small", help=t("小一点，快一点", "smaller and quicker"))] = False,
) -> None:
    with house() as now:
        from anwang.config import setup, tasks
        from anwang.edge.demo import services as demo_county

        setup.migrate(now=now, say=note)
        tasks.load()
        if demo_county.exists():
            if not if_empty:
                fail(t("库里已有数据，不再造演示县。", "There is data already; no demonstration county was made."))
            say(demo_county.accounts_text())
            return
        with bar(t("演示县", "demonstration county")) as progress:
            demo_county.build(now=now, progress=progress, small=small)
        say(demo_county.accounts_text())


def check(*, as_json: Json = False) -> None:
    with house() as now:
        from anwang.config import setup

        found = setup.check(now=now)
        lines = [f"{'✓' if item['ok'] else '✗'} {item['what']}{t('：', ': ')}{item['says']}" for item in found]
        answer({"ok": all(item["ok"] for item in found), "items": found}, as_json=as_json, words="\n".join(lines))
        if not all(item["ok"] for item in found):
            raise typer.Exit(1)


Folder = Annotated[Path, typer.Argument(metavar=t("文件夹", "FOLDER"), help=t("文件夹", "a folder"))]


def backup(folder: Folder, *, as_json: Json = False) -> None:
    with house() as now:
        from anwang.config import setup

        made = setup.backup(folder, now=now)
        answer({"folder": str(made)}, as_json=as_json, words=str(made))


def restore(folder: Folder, *, as_json: Json = False) -> None:
    with house():
        from anwang.config import setup

        home = setup.restore(folder)
        answer({"home": str(home)}, as_json=as_json, words=str(home))
