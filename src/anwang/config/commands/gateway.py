"""The gateway, its shards, and the keys of mines for the broker."""

import os
from pathlib import Path
from typing import Annotated

import typer

from anwang.config.terminal import App, Json, answer, fail, house, note, t

app = App(
    "网关：接 MQTT 和落地目录，送入瓦斯监测；不带子命令就启动",
    "The gateway: MQTT and the landing folder into the gas watch; starts without a subcommand",
    alone=True,
)

BROKER = "mqtt://127.0.0.1:1883"
Bus = Annotated[str, typer.Option(help=t("NATS 地址：nats://主机:4222", "address of NATS: nats://host:4222"))]
Mine = Annotated[str, typer.Argument(metavar=t("煤矿编码", "MINE"), help=t("十二位煤矿编码", "twelve digits"))]


@app.callback(invoke_without_command=True)
def gateway(
    context: typer.Context,
    *,
    broker: Annotated[
        str,
        typer.Option(
            help=t(
                "MQTT 服务器 mqtt://用户:口令@主机:端口（默认取 ANWANG_MQTT，再默认本机）",
                "mqtt://user:password@host:port (default: ANWANG_MQTT, else this machine)",
            )
        ),
    ] = "",
    bus: Bus = "",
    client_id: Annotated[
        str, typer.Option(help=t("MQTT 会话名；每个网关一个", "name of the MQTT session, one for each gateway"))
    ] = "anwang-gateway",
    partitions: Annotated[
        int, typer.Option(help=t("总线分区数，定了不能改", "partitions of the bus, fixed once chosen"), min=1, max=1024)
    ] = 16,
    landing: Annotated[bool, typer.Option(help=t("也收落地目录", "take the landing folder as well"))] = True,
) -> None:
    if context.invoked_subcommand:
        return
    with house():
        from anwang.edge.gateway import commands

        try:
            commands.gateway(
                broker=broker or os.environ.get("ANWANG_MQTT", "") or BROKER,
                bus_url=bus or os.environ.get("ANWANG_BUS", ""),
                client_id=client_id,
                partitions=partitions,
                landing=landing,
                say=note,
            )
        except ValueError as error:
            fail(t(f"地址不对：{error}", f"Not an address: {error}"), 2)


def shard(
    *,
    bus: Bus = "nats://127.0.0.1:4222",
    partitions: Annotated[str, typer.Option(help=t("分区，如 0-3 或 0,2", "partitions: 0-3, or 0,2"))] = "0-15",
) -> None:
    with house():
        from anwang.edge.gateway import commands, rules

        try:
            which = rules.partitions_of(partitions)
        except ValueError:
            fail(t(f"看不懂的分区：{partitions}", f"No such partitions: {partitions}"), 2)
        commands.shard(bus_url=bus, partitions=which, say=note)


@app.does("key", "给一座煤矿发 MQTT 口令，只显示一次；旧的作废", "make a mine's password, shown once; the old one ends")
def key(
    mine: Annotated[
        str,
        typer.Argument(
            metavar=t("煤矿编码", "MINE"), help=t("十二位煤矿编码；gateway 指网关自己", "twelve digits, or gateway")
        ),
    ],
    *,
    name: Annotated[str, typer.Option(help=t("煤矿名称", "the mine's name"))] = "",
    broker_files: Annotated[
        Path | None,
        typer.Option(help=t("同时写出 Mosquitto 口令和权限文件到此目录", "also write Mosquitto's files here")),
    ] = None,
    as_json: Json = False,
) -> None:
    with house() as now:
        from anwang.edge.gateway import services

        made, password = services.make_key(mine="" if mine == services.GATEWAY else mine, name=name, now=now)
        if broker_files:
            services.write_broker_files(broker_files)
        answer(
            {"username": made.username, "password": password},
            as_json=as_json,
            words=t(
                f"用户 {made.username}\n口令 {password}\n口令不再显示，请现在抄下。",
                f"user {made.username}\npassword {password}\nIt is not shown again: write it down now.",
            ),
        )


@app.does("withdraw", "作废一座煤矿的口令", "withdraw a mine's password")
def withdraw(mine: Mine, *, as_json: Json = False) -> None:
    with house() as now:
        from anwang.edge.gateway import services

        ended = services.withdraw_key(username=mine, now=now)
        answer({"username": ended.username}, as_json=as_json, words=t(f"{mine} 已作废", f"{mine} withdrawn"))


@app.does("keys", "有效的口令（不含口令本身）", "keys in force, without the passwords")
def keys(*, as_json: Json = False) -> None:
    with house():
        from anwang.edge.gateway import selectors

        rows = [
            {
                "username": each.username,
                "mine": each.mine.name if each.mine else "",
                "made_at": each.made_at.isoformat(),
            }
            for each in selectors.in_force()
        ]
        answer(rows, as_json=as_json, words="\n".join(f"{row['username']:14} {row['mine']}" for row in rows))


@app.does("broker-files", "写出 Mosquitto 的口令文件和权限文件", "write Mosquitto's password file and access list")
def broker_files(
    folder: Annotated[Path, typer.Argument(metavar=t("文件夹", "FOLDER"), help=t("写到这里", "where to"))],
    *,
    as_json: Json = False,
) -> None:
    with house():
        from anwang.edge.gateway import services

        made = [str(path) for path in services.write_broker_files(folder)]
        answer(made, as_json=as_json, words="\n".join(made))


@app.does(
    "refused", "读不懂的消息：哪座煤矿、为什么、原文", "messages nobody could read: whose, why, and what they said"
)
def refused(
    *,
    mine: Annotated[str, typer.Option(help=t("只看一座煤矿", "of one mine only"))] = "",
    as_json: Json = False,
) -> None:
    with house():
        from anwang.edge.gateway import labels, selectors

        counts = [
            {"mine": code, "reason": reason, "words": str(labels.REASON[reason]), "n": n}
            for code, reason, n in selectors.refused_counts(mine)
        ]
        rows = [
            {
                "mine": each.mine_code,
                "topic": each.topic,
                "reason": each.reason,
                "text": each.text,
                "at": each.at.isoformat(),
            }
            for each in selectors.refused(mine)
        ]
        lines = [f"{each['mine'] or '-':12} {each['words']} {each['n']}" for each in counts]
        lines += [f"{each['at'][:19]} {each['topic']} {each['reason']} {each['text']}" for each in rows]
        answer({"counts": counts, "messages": rows}, as_json=as_json, words="\n".join(lines))


@app.does("status", "正在运行的网关和分片", "gateways and shards that run")
def status(*, as_json: Json = False) -> None:
    with house() as now:
        from anwang.edge.gateway import selectors

        rows = [
            {
                "name": each.name,
                "part": each.part,
                "talks_to": each.talks_to,
                "connected": each.connected,
                "messages": each.messages,
                "readings": each.readings,
                "refused": each.refused,
                "waiting": each.waiting,
                "says": each.says,
            }
            for each in selectors.running(now=now)
        ]
        lines = [
            f"{row['part']:8} {row['name']:24} {row['talks_to']} "
            + (t("已连接", "connected") if row["connected"] else t("未连接", "not connected"))
            + f" {row['messages']} / {row['readings']} / {row['refused']} {row['says']}"
            for row in rows
        ]
        answer(rows, as_json=as_json, words="\n".join(lines) or t("没有在运行的网关", "no gateway runs"))


@app.does(
    "ways", "数据进来的各条通道：哪条断了、断到何时", "the ways data comes in by: which is held up, and since when"
)
def ways(*, as_json: Json = False) -> None:
    with house() as now:
        from anwang.edge.gateway import selectors
        from anwang.kernel import clock

        found = selectors.ways(now=now)
        rows = [
            {
                "number": each.way.pk,
                "way": str(each.way),
                "part": each.way.part,
                "name": each.way.name,
                "until": each.way.until.isoformat() if each.way.until else None,
                "held": each.held,
                "why": each.why.value,
                "words": each.words,
                "mines": each.mines,
            }
            for each in found
        ]
        lines = [
            f"{each.way.pk:4} {'✗' if each.held else '✓'} {each.way}  {each.until.astimezone(clock.ZONE):%m-%d %H:%M:%S}  "
            + t(f"{each.mines} 座煤矿", f"{each.mines} mines")
            + (f"  {each.words}" if each.words else "")
            for each in found
        ]
        answer(
            rows,
            as_json=as_json,
            words="\n".join(lines) or t("还没有煤矿经网关送数。", "No mine has come by a gateway yet."),
        )


@app.does(
    "forget",
    "不再用的通道：注销（编号见 anwang gateway ways）",
    "give up a way in that is no longer used (its number: anwang gateway ways)",
)
def forget(
    number: Annotated[int, typer.Argument(metavar=t("编号", "NUMBER"), help=t("通道编号", "number of the way in"))],
    *,
    as_json: Json = False,
) -> None:
    with house() as now:
        from anwang.edge.gateway import services

        ended = str(services.forget_way(number=number, now=now))
        answer({"way": ended}, as_json=as_json, words=t(f"已注销：{ended}", f"given up: {ended}"))
