from typing import Annotated

import typer

from anwang.config.terminal import App, Json, answer, house, t

app = App("账号", "Accounts")
Username = Annotated[str, typer.Argument(metavar=t("账号", "USERNAME"), help=t("登录名", "the name to sign in with"))]


@app.does("create", "新建账号；打印一次性口令", "make an account; prints its first password")
def create(
    username: Username,
    *,
    name: Annotated[str, typer.Option(help=t("姓名", "full name"))],
    role: Annotated[str, typer.Option(help=t("角色，如 county_office", "role, e.g. county_office"))] = "",
    region: Annotated[str, typer.Option(help=t("区划代码", "region code"))] = "",
    as_json: Json = False,
) -> None:
    with house() as now:
        from anwang.config import setup

        password = setup.create_user(username=username, name=name, role=role, region=region, now=now)
        answer(
            {"username": username, "password": password},
            as_json=as_json,
            words=t(f"账号 {username}，首次口令 {password}", f"account {username}, first password {password}"),
        )


@app.does("password", "重设口令；打印一次性口令", "reset a password; prints the new one")
def password(username: Username, *, as_json: Json = False) -> None:
    with house() as now:
        from anwang.config import setup

        fresh = setup.reset_password(username=username, now=now)
        answer({"username": username, "password": fresh}, as_json=as_json, words=fresh)
