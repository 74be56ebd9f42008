"""The roles Anwang ships with, each with the paragraph a human wrote about it.

A role says what; a grant says where (region, domains, organisation) and until when. An office may add roles of its
own; these are kept as they are written here.

Three administrators are kept apart (三员分立, GB/T 22239-2019 level 3): the system administrator makes accounts and
keeps libraries, the security administrator says what each account may do, the auditor reads the trail. None of the
three reads business rows, and one account cannot hold two of the three.
"""

from dataclasses import dataclass

from anwang.ground.accounts.permissions import Permission as P  # noqa: N817 - a table of them reads better short

READ = frozenset(
    {
        P.DESK_USE,
        P.REGION_READ,
        P.ORGANISATION_READ,
        P.SITE_READ,
        P.STANDARD_READ,
        P.CHECKLIST_READ,
        P.INSPECTION_READ,
        P.HAZARD_READ,
        P.FIGURES_READ,
        P.GAS_READ,
        P.ALARM_READ,
    }
)


@dataclass(frozen=True, slots=True)
class RoleSpec:
    key: str
    zh: str
    en: str
    paragraph_zh: str
    paragraph_en: str
    permissions: frozenset[P]
    administrator: bool = False
    placed_by: str = "region"
    """What a grant of it must name: "region", "organisation", "either", "thing", or "free" (nothing, or a region)."""


ROLES: tuple[RoleSpec, ...] = (
    RoleSpec(
        "grid_member",
        "网格员 / 消防协管员",
        "Grid member / fire assistant",
        "走街串巷的人。在自己的网格（或乡镇）里查单位、填检查表、拍照上报隐患，当场改的当场闭环，店主没有账号的可代为上传整改照片；不定级、不销号。",
        "Walks the streets. In their own grid or town they visit places, fill checklists, report hazards with photos and "
        "close what is fixed on the spot, and may hand in a shop owner's evidence. They do not settle grades and do not close hazards.",
        READ | {P.INSPECTION_CONDUCT, P.HAZARD_REPORT, P.HAZARD_RECTIFY, P.HAZARD_LINK},
    ),
    RoleSpec(
        "town_officer",
        "乡镇（街道）安全员",
        "Township safety officer",
        "管一个乡镇的台账：核定一般隐患等级、下达整改通知、复查一般隐患并销号、批准一次延期；重大隐患报县里。",
        "Keeps a township's ledger: settles the grade of general hazards, orders rectification, verifies and closes "
        "general hazards, grants a first extension. Major hazards go to the county.",
        READ
        | {
            P.SITE_EDIT,
            P.GRID_EDIT,
            P.INSPECTION_CONDUCT,
            P.INSPECTION_PLAN,
            P.HAZARD_REPORT,
            P.HAZARD_GRADE,
            P.HAZARD_ASSIGN,
            P.HAZARD_RECTIFY,
            P.HAZARD_VERIFY,
            P.HAZARD_CLOSE,
            P.HAZARD_EXTEND,
            P.HAZARD_TRANSFER,
            P.HAZARD_LINK,
            P.LEDGER_IMPORT,
            P.LEDGER_EXPORT,
            P.FIGURES_EXPORT,
            P.PAPER_ISSUE,
        },
    ),
    RoleSpec(
        "enterprise_officer",
        "企业安全员",
        "Enterprise safety officer",
        "只看得到本单位的场所和隐患：做自查、填五落实、传整改证据、申请延期；自己整改的不能自己验收。",
        "Sees only their own enterprise's sites and hazards: carries out self-checks, fills the five fixings, sends "
        "evidence, asks for extensions. What they rectified they cannot verify.",
        frozenset(
            {
                P.DESK_USE,
                P.SITE_READ,
                P.STANDARD_READ,
                P.CHECKLIST_READ,
                P.INSPECTION_READ,
                P.INSPECTION_SELF,
                P.HAZARD_READ,
                P.HAZARD_REPORT,
                P.HAZARD_RECTIFY,
                P.GAS_READ,
                P.GAS_FEED,
                P.ALARM_READ,
                P.ALARM_HANDLE,
            }
        ),
        placed_by="organisation",
    ),
    RoleSpec(
        "mine_duty",
        "煤矿监控值班员",
        "Mine monitoring duty",
        "本矿监控室的值班员：看本矿的测点和报警，第一时间确认报警、核实断电、报告撤人，填写原因和措施；误报、标校、试验要说明理由并署名，不能审核自己处置的报警。",
        "On duty in the mine's own monitoring room: sees the mine's points and alarms, acknowledges them at once, confirms "
        "the power cut, reports people withdrawn, writes cause and measures. What was no alarm needs a reason and a name; "
        "what they dealt with they cannot review.",
        frozenset({P.DESK_USE, P.SITE_READ, P.STANDARD_READ, P.GAS_READ, P.ALARM_READ, P.ALARM_HANDLE}),
        placed_by="organisation",
    ),
    RoleSpec(
        "inspector",
        "县级检查（执法）人员",
        "County inspector",
        "在本部门分管的行业里检查、定级、下达整改、复查销号；重大隐患须另一人确认；自己整改的不能验收。",
        "Inspects the domains of their department, settles grades, orders rectification, verifies and closes. A major "
        "grade needs a second person; what they rectified they cannot verify.",
        READ
        | {
            P.SITE_EDIT,
            P.INSPECTION_CONDUCT,
            P.INSPECTION_PLAN,
            P.HAZARD_REPORT,
            P.HAZARD_GRADE,
            P.HAZARD_CONFIRM_MAJOR,
            P.HAZARD_ASSIGN,
            P.HAZARD_RECTIFY,
            P.HAZARD_VERIFY,
            P.HAZARD_CLOSE,
            P.HAZARD_EXTEND,
            P.HAZARD_LINK,
            P.LEDGER_EXPORT,
            P.PAPER_ISSUE,
            P.GAS_EDIT,
            P.ALARM_HANDLE,
            P.ALARM_REVIEW,
            P.PERSON_UNMASK,
        },
    ),
    RoleSpec(
        "expert",
        "会诊专家",
        "Consulting expert",
        "受邀到企业“会诊”：做专家诊断检查、提出隐患和判定依据；不下命令、不销号。",
        "Invited to diagnose: carries out expert inspections, reports hazards with their basis. Gives no orders and "
        "closes nothing.",
        frozenset(
            {
                P.DESK_USE,
                P.SITE_READ,
                P.STANDARD_READ,
                P.CHECKLIST_READ,
                P.INSPECTION_READ,
                P.INSPECTION_CONDUCT,
                P.HAZARD_READ,
                P.HAZARD_REPORT,
            }
        ),
        placed_by="either",
    ),
    RoleSpec(
        "county_office",
        "县安委会办公室",
        "County safety office",
        "统管全县台账：导入历年台账、看数、催办逾期、确认重大隐患、批准二次延期、暂停与责任转移、出月报。",
        "Keeps the whole county's ledger: imports old ledgers, watches the figures, presses what is late, confirms major "
        "hazards, grants second extensions, suspends and transfers responsibility, issues the monthly report.",
        READ
        | {
            P.SITE_EDIT,
            P.SITE_MERGE,
            P.GRID_EDIT,
            P.ORGANISATION_EDIT,
            P.INSPECTION_CONDUCT,
            P.INSPECTION_PLAN,
            P.HAZARD_REPORT,
            P.HAZARD_GRADE,
            P.HAZARD_CONFIRM_MAJOR,
            P.HAZARD_ASSIGN,
            P.HAZARD_RECTIFY,
            P.HAZARD_VERIFY,
            P.HAZARD_CLOSE,
            P.HAZARD_EXTEND,
            P.HAZARD_SUSPEND,
            P.HAZARD_TRANSFER,
            P.HAZARD_REOPEN,
            P.HAZARD_LINK,
            P.LEDGER_IMPORT,
            P.LEDGER_EXPORT,
            P.FIGURES_EXPORT,
            P.PAPER_ISSUE,
            P.GAS_EDIT,
            P.GAS_FEED,
            P.ALARM_HANDLE,
            P.ALARM_REVIEW,
            P.PERSON_UNMASK,
        },
    ),
    RoleSpec(
        "city_office",
        "市安委会办公室",
        "City safety office",
        "看所辖各县的台账、图表和单位档案，抽查、下载报表；不替县里办理。",
        "Reads the ledgers, figures and site files of its counties, samples them and takes reports. It does not act in a "
        "county's place.",
        READ | {P.LEDGER_EXPORT, P.FIGURES_EXPORT, P.INSPECTION_CONDUCT, P.HAZARD_REPORT},
    ),
    RoleSpec(
        "leader",
        "领导",
        "Leader",
        "看工作台、图表和台账，不办理。",
        "Reads the desk, the figures and the ledger. Acts through others.",
        READ | {P.FIGURES_EXPORT},
    ),
    RoleSpec(
        "auditor",
        "审计管理员",
        "Auditor",
        "查审计记录、校验链条、导出；看不到业务内容以外的操作权限，不能改任何东西。",
        "Reads the trail, proves the chain, exports it. Changes nothing, and reads no business page.",
        frozenset({P.AUDIT_READ, P.AUDIT_EXPORT}),
        administrator=True,
        placed_by="free",
    ),
    RoleSpec(
        "security_admin",
        "安全管理员",
        "Security administrator",
        "给账号授权：角色、区域、行业、起止时间，以及密码和会话策略；不建账号、不看业务、不看审计。",
        "Gives accounts their roles, places, domains and terms, ends sessions and lifts lockouts. Makes no accounts, "
        "reads no business rows and no trail.",
        frozenset({P.GRANT_MANAGE, P.ROLE_MANAGE, P.SECURITY_MANAGE, P.TOKEN_MANAGE, P.REGION_READ}),
        administrator=True,
        placed_by="free",
    ),
    RoleSpec(
        "system_admin",
        "系统管理员",
        "System administrator",
        "建账号、维护标准库和检查表、看后台任务；看不到业务数据，改不了审计记录，也不能给自己授权。",
        "Makes accounts, keeps the libraries of standards and checklists, watches the machinery. Reads no business rows, "
        "cannot touch the trail, cannot give rights.",
        frozenset(
            {
                P.USER_MANAGE,
                P.SYSTEM_MANAGE,
                P.STANDARD_READ,
                P.STANDARD_EDIT,
                P.ALARM_RULES,
                P.CHECKLIST_READ,
                P.CHECKLIST_EDIT,
                P.REGION_READ,
            }
        ),
        administrator=True,
        placed_by="free",
    ),
)

GUEST_PERMISSIONS = frozenset({P.HAZARD_READ, P.HAZARD_RECTIFY})
"""What the holder of a signed link may do with the one hazard it names."""

LINK_ROLE = RoleSpec(
    "link_holder",
    "链接持有人",
    "Holder of a signed link",
    "没有账号的店主：凭整改通知上的链接或二维码，只能看这一条隐患、填五落实、传证据、申请延期；到期或撤销即失效。",
    "A shop owner without an account: by the link or QR on the notice they see that one hazard, fill the five fixings, "
    "send evidence and ask for an extension, until the link expires or is revoked.",
    GUEST_PERMISSIONS,
    placed_by="thing",
)

ALL_ROLES = (*ROLES, LINK_ROLE)
BY_KEY = {role.key: role for role in ALL_ROLES}
