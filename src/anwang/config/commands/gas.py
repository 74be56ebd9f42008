from pathlib import Path
from typing import Annotated

import typer

from anwang.config.terminal import App, Json, answer, bar, fail, house, say, t

app = App("瓦斯监测：收文件、盯文件夹、回放", "The gas watch: files in, the landing folder, replay")


@app.does(
    "replay",
    "从空状态评判一个文件夹里的全部 CDDY/CDSS 文件，列出得出的异常",
    "judge all CDDY/CDSS files of a folder from an empty state, and list the episodes",
)
def replay(
    folder: Annotated[Path, typer.Argument(metavar=t("文件夹", "FOLDER"), help=t("文件夹", "a folder"))],
    *,
    together: Annotated[
        bool,
        typer.Option(
            "--all",
            help=t(
                "把中断、不变、突升、状态不一致也并入 episodes（否则单列在 derived）",
                "list silence, standing still, rises and mismatches among the episodes (else apart, as derived)",
            ),
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    if not folder.is_dir():
        fail(t(f"没有这个文件夹：{folder}", f"There is no such folder: {folder}"))
    from anwang.work.telemetry import replay as telemetry
    from anwang.work.telemetry import sensors

    found = telemetry.folder(folder, watch=sensors.watch).as_json(together=together)
    listed = sorted(found["episodes"] + found["derived"], key=lambda each: (each["start"], each["point"], each["kind"]))
    lines = [
        t(
            f"{found['files']} 个文件，{found['readings']} 条读数，{len(found['rejected'])} 条未收，"
            f"{len(found['refused'])} 个文件未收，{len(listed)} 段异常",
            f"{found['files']} files, {found['readings']} readings, {len(found['rejected'])} rejected, "
            f"{len(found['refused'])} files refused, {len(listed)} episodes",
        )
    ]
    lines += [
        f"{each['start']} → {each['end'] or '…':19} {each['kind']:12} {each['point']}"
        + (f" {each['max']}" if "max" in each else "")
        for each in listed
    ]
    answer(found, as_json=as_json, words="\n".join(lines))


@app.does("ingest", "收一个上传文件，或一个文件夹里的全部上传文件", "take an upload file, or all of a folder")
def ingest(
    path: Annotated[
        Path,
        typer.Argument(
            metavar=t("路径", "PATH"), help=t("文件或文件夹；原文件不动", "a file or a folder; it stays as it is")
        ),
    ],
    *,
    as_json: Json = False,
) -> None:
    with house() as now:
        from anwang.work.telemetry import commands

        with bar(t("收文件", "files")) as progress:
            found = commands.ingest(path, now=now, progress=None if as_json else progress)
        lines = [
            t(
                f"{found['files']} 个文件：收 {found['taken']}，重复 {found['duplicate']}，未完 {found['incomplete']}，"
                f"拒收 {found['refused']}；{found['readings']} 条读数，{found['rejected']} 条未收",
                f"{found['files']} files: {found['taken']} taken, {found['duplicate']} duplicate, "
                f"{found['incomplete']} incomplete, {found['refused']} refused; {found['readings']} readings, "
                f"{found['rejected']} rejected",
            )
        ]
        lines += [f"{each['name']} {each['words']}" for each in found["not_taken"]]
        answer(found, as_json=as_json, words="\n".join(lines))


@app.does(
    "watch", "盯住到达文件夹，来一个收一个；Ctrl+C 停止", "watch the landing folder and take what comes; Ctrl+C stops"
)
def watch(
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar=t("文件夹", "FOLDER"), help=t("默认 ANWANG_HOME/landing", "ANWANG_HOME/landing unless given")
        ),
    ] = None,
    *,
    once: Annotated[bool, typer.Option("--once", help=t("只看一遍", "look once"))] = False,
) -> None:
    import threading

    with house():
        from anwang.work.telemetry import commands
        from anwang.work.telemetry.services import landing

        stop = threading.Event()
        say(str(folder or landing.folder()))
        for swept in commands.watch(folder, stop=stop, once=once):
            for each in swept.receipts:
                say(f"{each.name} {each.state} {each.words} {each.readings}")


@app.does(
    "query",
    "查历史数据：全矿最新值、一个测点一天、一个月（五分钟一格）、一段异常前后",
    "ask the history: last values of a mine, a point's day, its month in five minutes, what was around an episode",
)
def query(
    *,
    mine: Annotated[str, typer.Option(help=t("煤矿编码：各测点最新值", "a mine's code: its points' last values"))] = "",
    point: Annotated[
        str, typer.Option(help=t("测点编码，配 --day 或 --month", "a point's code, with --day or --month"))
    ] = "",
    day: Annotated[str, typer.Option(help=t("日期 2026-11-20，默认今天", "2026-11-20; today unless given"))] = "",
    month: Annotated[str, typer.Option(help=t("月份 2026-11", "2026-11"))] = "",
    episode: Annotated[
        str, typer.Option(help=t("异常编号：前后各若干分钟", "an episode: minutes before and after"))
    ] = "",
    minutes: Annotated[int, typer.Option(help=t("异常前后多少分钟", "so many minutes"), min=0, max=1440)] = 30,
    as_json: Json = False,
) -> None:
    from datetime import date

    if sum(bool(each) for each in (mine, point, episode)) != 1 or (day and month):
        fail(t("请给 --mine、--point、--episode 之一。", "Give one of --mine, --point and --episode."), 2)
    with house() as now:
        from anwang.kernel import clock
        from anwang.work.telemetry import commands

        try:
            on = date.fromisoformat(day) if day else clock.local_date(now)
            first = date.fromisoformat(f"{month}-01") if month else on
        except ValueError:
            fail(t(f"看不懂的日期：{day or month}", f"Not a date: {day or month}"), 2)
        if mine:
            rows = commands.last_values(mine)
        elif episode:
            rows = commands.around(episode, minutes, now=now)
        elif month:
            rows = commands.month(point, first.year, first.month)
        else:
            rows = commands.day(point, on)
        lines = ["  ".join("–" if each is None else str(each) for each in row.values()) for row in rows]
        answer(rows, as_json=as_json, words="\n".join(lines) or t("没有数据", "no readings"))
