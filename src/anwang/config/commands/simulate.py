"""Simulated mines, so that the gas watch can be seen, shown and tested without a mine."""

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from anwang.config.terminal import ENGLISH, App, Json, answer, fail, note, t

app = App("模拟数据：模拟矿井的监测数据", "Simulated data: what mines send")

FORM = "KIND[@POINT][+AFTER][xLASTING][=PEAK]"


@app.does(
    "mine",
    "模拟煤矿，按国家格式写文件、HTTP 或 MQTT 上传；一律标明是模拟",
    "simulate coal mines: upload files of the national format, by folder, HTTP or MQTT; always marked as simulated",
)
def mine(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar=t("文件夹", "FOLDER"), help=t("写到这个文件夹（如落地目录）", "write into this folder")),
    ] = None,
    *,
    http: Annotated[
        str, typer.Option(help=t("按 HTTP 逐个文件上传到这个地址", "post every file to this address"))
    ] = "",
    token: Annotated[
        str, typer.Option(help=t("HTTP 令牌；{mine} 代表煤矿编码", "token; {mine} stands for the code"))
    ] = "",
    mqtt: Annotated[
        str,
        typer.Option(
            help=t("MQTT 地址：mqtt://用户:口令@主机:端口，{mine} 代表煤矿编码", "mqtt://user:password@host:port")
        ),
    ] = "",
    form: Annotated[str, typer.Option(help=t("MQTT 报文：cdss、json、msgpack", "cdss, json or msgpack"))] = "cdss",
    mines: Annotated[int, typer.Option(help=t("模拟几座煤矿", "how many mines"), min=1, max=2000)] = 1,
    county: Annotated[
        bool, typer.Option("--county", help=t("演示县的 11 座煤矿", "the 11 mines of the demonstration county"))
    ] = False,
    points: Annotated[int, typer.Option(help=t("每矿至少多少测点", "at least so many points a mine"), min=0)] = 0,
    incident: Annotated[
        list[str] | None,
        typer.Option(
            help=t(f"事件，可重复：{FORM}，如 cut@face-1.T1+10m", f"what goes wrong, may be repeated: {FORM}")
        ),
    ] = None,
    auto: Annotated[bool, typer.Option("--auto", help=t("随机发生事件", "incidents now and then"))] = False,
    interval: Annotated[int, typer.Option(help=t("采集间隔（秒）", "seconds between scans"), min=1, max=3600)] = 20,
    speed: Annotated[
        float, typer.Option(help=t("快进倍数，追上现在后按实时", "times real time, until it is now"), min=1)
    ] = 1,
    since: Annotated[str, typer.Option(help=t("从什么时间开始：2026-11-20T08:00", "first moment"))] = "",
    once: Annotated[int, typer.Option(help=t("只发这么多次，不等待", "send so many scans and do not wait"), min=0)] = 0,
    seed: Annotated[int, typer.Option(help=t("随机种子", "seed of chance"))] = 1,
    by_mine: Annotated[bool, typer.Option("--by-mine", help=t("每矿一个子文件夹", "a folder for each mine"))] = False,
    as_json: Json = False,
) -> None:
    from anwang.edge.demo.mines import SimulatedMine, parse, plan, running, sending
    from anwang.edge.demo.mines import county as of_county

    if sum(1 for each in (folder, http, mqtt) if each) != 1:
        fail(t("请给一个去处：文件夹、--http 或 --mqtt。", "Give one place to send to: a folder, --http or --mqtt."), 2)
    begins = _begins(since, once=once, interval=interval, speed=speed)
    try:
        scripted = [parse(text) for text in incident or []]
    except ValueError as error:
        fail(t(f"看不懂的事件：{error}。写法 {FORM}，", f"No such incident: {error}. {FORM}; ") + _kinds(), 2)
    plans = of_county.plans() if county else [
        plan.plan_of(plan.code_of(of_county.COUNTY, 100 + n), f"模拟{n}号煤矿", points=points) for n in range(1, mines + 1)
    ]  # fmt: skip
    try:
        every = [
            SimulatedMine(
                one,
                # What is scripted happens in the first mine.
                [*(scripted if n == 0 else []), *_drawn(one, auto=auto, seed=f"{seed}-{one.code}")],
                seed=seed,
                begins=begins,
            )
            for n, one in enumerate(plans)
        ]
        sender: sending.Sender
        if folder:
            sender = sending.Folder(folder, by_mine=by_mine)
        else:
            sender = sending.Http(http, token) if http else sending.Mqtt(mqtt, form=form)
    except KeyError as error:
        fail(t(f"没有这个测点：{error}", f"There is no such point: {error}"), 2)
    except ValueError as error:
        fail(t(f"地址或格式不对：{error}", f"Not an address, or not a form: {error}"), 2)
    note(t(f"模拟 {len(every)} 座煤矿，{sum(len(one.points) for one in plans)} 个测点；数据均为模拟。", f"{len(every)} simulated mines."))  # fmt: skip
    sent = running.Sent()

    def said(so_far: running.Sent) -> None:
        nonlocal sent
        sent = so_far

    try:
        asyncio.run(
            running.run(
                every,
                sender,
                begins=begins,
                interval=interval,
                clock=time.time,
                speed=speed,
                count=once,
                at_once=bool(once),
                said=said,
            )
        )
    except sending.SendingFailed as failed:
        fail(t(f"发送失败：{failed}", f"Not taken: {failed}"))
    except KeyboardInterrupt:
        pass
    found: dict[str, Any] = {"mines": len(every), "scans": sent.scans, "readings": sent.readings, "files": sent.files}
    answer(found, as_json=as_json, words=t(f"已发 {sent.scans} 次、{sent.readings} 条读数", f"{sent.scans} scans, {sent.readings} readings"))  # fmt: skip


@app.does("incidents", "列出可以模拟的事件", "list what can go wrong")
def incidents(*, as_json: Json = False) -> None:
    from anwang.edge.demo.mines import KINDS

    rows = [
        {"kind": kind.key, "what": kind.en if ENGLISH else kind.zh, "point": kind.point, "seconds": kind.lasting}
        for kind in KINDS.values()
    ]
    answer(rows, as_json=as_json, words="\n".join(f"{row['kind']:14} {row['point']:18} {row['what']}" for row in rows))


def _kinds() -> str:
    from anwang.edge.demo.mines import KINDS

    return t("有：", "there are: ") + "、".join(KINDS)


def _drawn(one: Any, *, auto: bool, seed: str) -> list[Any]:
    from anwang.edge.demo.mines import county as of_county

    return list(of_county.now_and_then(one, seconds=90 * 86400, seed=seed)) if auto else []


def _begins(since: str, *, once: int, interval: int, speed: float) -> int:
    """The first moment in ms: as asked; else so that all that is sent at once, or a day of it, lies behind us."""
    from anwang.kernel import clock

    if since:
        try:
            found = datetime.fromisoformat(since)
        except ValueError:
            fail(t(f"看不懂的时间：{since}", f"Not a time: {since}"), 2)
        return int((found if found.tzinfo else found.replace(tzinfo=clock.ZONE)).timestamp()) * 1000
    now = datetime.now(clock.ZONE).replace(microsecond=0)
    back = timedelta(seconds=once * interval) if once else timedelta(hours=24 if speed > 1 else 0)
    return int((now - back).timestamp()) * 1000
