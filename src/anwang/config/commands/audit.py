from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from anwang.config.terminal import App, Json, answer, house, t

app = App("审计记录：校验、封签、导出、归档", "The trail: verify, seal, export, archive")


@app.does("verify", "校验链条和封签；被改过就指出第一行，退出码 1", "prove the chains; exit 1 and the first broken row")
def verify(
    *,
    file: Annotated[
        Path | None, typer.Option(help=t("只校验一个归档文件", "prove one archived file by itself"))
    ] = None,
    as_json: Json = False,
) -> None:
    with house():
        from anwang.ground.audit import labels, services

        if file is not None:
            broken = [found] if (found := services.verify_file(file)) else []
            data: dict[str, Any] = {"sound": not broken, "file": str(file), "broken": [asdict(each) for each in broken]}
            words = t(f"{file}：完好", f"{file}: holds")
        else:
            report = services.verify()
            broken, data = report.findings, report.as_json()
            words = t(
                f"{len(report.chains)} 条链，{report.rows} 行，全部完好。",
                f"{len(report.chains)} chains, {report.rows} rows: all hold.",
            )
        lines = [
            t(f"链 {each.chain} 第 {each.seq} 行", f"chain {each.chain}, row {each.seq}")
            + (f" [{each.id}] " if each.id else " ")
            + str(labels.REASONS[each.reason])
            for each in broken
        ]
        answer(data, as_json=as_json, words="\n".join(lines) or words)
        if broken:
            raise typer.Exit(1)


@app.does("seal", "现在加封", "seal now")
def seal(*, as_json: Json = False) -> None:
    with house() as now:
        from anwang.ground.audit import labels, services

        sealed = services.seal_all(now=now)
        lines = [t(f"已加封 {len(sealed.seals)} 条链", f"{len(sealed.seals)} chains sealed")]
        lines += [
            t(f"链 {each.chain} 第 {each.seq} 行：", f"chain {each.chain}, row {each.seq}: ")
            + str(labels.REASONS[each.reason])
            for each in sealed.refused
        ]
        data = {"sealed": len(sealed.seals), "refused": [asdict(each) for each in sealed.refused]}
        answer(data, as_json=as_json, words="\n".join(lines))
        if sealed.refused:
            raise typer.Exit(1)


@app.does("export", "导出审计记录：.jsonl 或 .xlsx", "write the trail: .jsonl or .xlsx")
def export(
    file: Annotated[Path, typer.Argument(metavar=t("文件", "FILE"), help=t(".jsonl 或 .xlsx", ".jsonl or .xlsx"))],
    *,
    since: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help=t("从这天起", "from this day on"))
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help=t("到这天为止（含）", "up to this day, included"))
    ] = None,
    as_json: Json = False,
) -> None:
    with house() as now:
        from anwang.ground.audit import selectors, services

        days = selectors.Question(first=since.date() if since else None, last=until.date() if until else None)
        count = services.export_file(days, to=file, now=now)
        answer(
            {"rows": count, "file": str(file)}, as_json=as_json, words=t(f"{count} 行 → {file}", f"{count} → {file}")
        )


@app.does(
    "archive",
    "把早于某日的记录写入归档文件、加封，再移出数据库（至少保存 12 个月）",
    "write rows from before a day to sealed files, then drop them (kept at least 12 months)",
)
def archive(
    *,
    before: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help=t("这天之前", "before this day"))],
    as_json: Json = False,
) -> None:
    with house() as now:
        from anwang.ground.audit import services

        made = services.archive(before=before.date(), now=now)
        rows = sum(each.last_seq - each.first_seq + 1 for each in made)
        answer(
            {"rows": rows, "files": [each.file for each in made]},
            as_json=as_json,
            words=t(f"{rows} 行归档，{len(made)} 个文件", f"{rows} rows archived in {len(made)} files"),
        )
