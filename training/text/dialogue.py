"""What a customer wants, and whether they are satisfied: turns of JD.com's service dialogues."""

from collections import Counter
from pathlib import Path

from training.text import data
from training.text.data import Text
from training.text.fit import Settings
from training.text.task import Candidate, Exam, Task

TERMS = "demonstration, retrain before use: trained on JDDC dialogues annotated for user satisfaction (USS), whose terms are for research."
OTHER = "OTHER"
RARE = 20  # an intent seen less often in the training part is OTHER

INTENTS = {
    OTHER: "other",
    "保修返修及退换货政策": "return_policy",
    "订单状态解释": "order_status",
    "配送周期": "delivery_time",
    "发票退换修改": "change_invoice",
    "修改订单": "change_order",
    "联系客服": "talk_to_agent",
    "正常退款周期": "refund_time",
    "价保申请流程": "price_protection_claim",
    "如何取消订单": "cancel_order",
    "服务单查询": "service_ticket",
    "机票相关": "flight_tickets",
    "属性咨询": "product_properties",
    "物流全程跟踪": "track_parcel",
    "是否提供发票": "get_invoice",
    "返回方式": "return_shipping",
    "增票相关": "vat_invoice",
    "售后维修点查询": "repair_shop",
    "使用咨询": "how_to_use",
    "查看发票": "view_invoice",
    "下单后无记录": "order_missing",
    "配送方式": "delivery_method",
    "填写发票信息": "invoice_details",
    "库存状态": "stock",
    "申请退款": "request_refund",
    "联系配送": "contact_courier",
    "售后运费": "return_freight",
    "什么时间出库": "dispatch_time",
    "近期活动咨询": "promotions",
    "返修退换货处理周期": "return_time",
    "拒收": "refuse_parcel",
    "查询取消是否成功": "cancel_status",
    "价保记录查询": "price_protection_record",
    "价保条件": "price_protection_rules",
    "查看评价晒单": "view_review",
    "联系客户": "contact_customer",
    "商品检索": "find_product",
    "电子发票": "electronic_invoice",
    "订单签收异常": "false_receipt",
    "删除修改评价晒单": "change_review",
    "返回地址": "return_address",
    "商品价格咨询": "price",
    "联系商家": "contact_seller",
}
SATISFACTION = ("dissatisfied", "neutral", "satisfied")
PROTOCOL = (
    "Learned from the dialogues of the valid part, judged on those of the test part, without the OVERALL turns. Candidates are compared \
over whole dialogues. Nothing from after a message is read: neither its own answer nor later turns."
)

SEEN = "Earlier forms were judged on this test part too, before this one was made; it was made and chosen on folds of the training part."

INTENT = Task(
    name="intent",
    version=1,
    meaning="What the customer wants: a probability for each of 43 intents of Chinese e-commerce service, `other` for the rest.",
    created="2026-11-21T00:00:00Z",
    licence="Apache-2.0",
    terms=TERMS,
    inputs=("message", "earlier_message", "reply"),
    classes=tuple(INTENTS.values()),
    signed=False,
    bands=(("something", 0.0), ("nothing_known", 0.5)),
    words=False,
    candidates=tuple(
        Candidate(f"2^{bits} buckets, {len(shares)} texts", Settings(10.0, 1.0, 2, bits, 0.15, shares))
        for bits, shares in [(13, (1.0,)), (13, (1.0, 0.4)), (14, (1.0, 0.4))]
    ),
    folds=4,
    files=(data.DIALOGUES,),
    protocol=PROTOCOL + " Intents with fewer than 20 turns in the valid part are `other`.",
    limits=(
        "330 dialogues of one shop taught it. It is Chinese only.",
        "A third of the intents have fewer than 30 turns to learn from; macro-F1 counts them like the others.",
        "Turns that ask for two things have one label.",
        SEEN,
    ),
    balanced=True,
)

SATISFIED = Task(
    name="satisfaction",
    version=1,
    meaning="Whether a customer is satisfied with the service so far, judged by a message: dissatisfied, neutral or satisfied.",
    created="2026-11-21T00:00:00Z",
    licence="Apache-2.0",
    terms=TERMS,
    inputs=("message", "earlier_message", "reply"),
    classes=SATISFACTION,
    signed=False,
    bands=(("low", 0.0), ("medium", 0.3), ("high", 0.6)),
    words=False,
    candidates=tuple(
        Candidate(f"2^{bits} buckets, balance {balance:g}, {len(shares)} texts", Settings(2.0, 1.0, 2, bits, balance, shares))
        for bits, balance, shares in [
            (13, 0.5, (1.0,)),
            (15, 0.3, (1.0,)),
            (15, 0.5, (1.0,)),
            (15, 0.5, (1.0, 0.3)),
            (16, 0.5, (1.0, 0.3, 0.3)),
        ]
    ),
    folds=5,
    files=(data.DIALOGUES,),
    protocol=PROTOCOL + " Satisfaction is rated from the fourth turn on.",
    limits=(
        "330 dialogues of one shop taught it. It is Chinese only.",
        "Raters agree on a turn only moderately, which bounds any model.",
        SEEN,
    ),
    balanced=True,
)


def intent(folder: Path) -> tuple[list[Text], list[Exam]]:
    turns = data.dialogues(folder)
    seen = Counter(turn.intent for turn in turns if turn.part == "valid")
    number = {name: i for i, name in enumerate(INTENTS) if seen[name] >= RARE}
    return parts(turns, lambda turn: Text((turn.message, turn.earlier_message, turn.reply), number.get(turn.intent, 0), turn.dialogue))


def satisfaction(folder: Path) -> tuple[list[Text], list[Exam]]:
    turns = [turn for turn in data.dialogues(folder) if turn.satisfaction is not None]
    return parts(turns, lambda turn: Text((turn.message, turn.earlier_message, turn.reply), turn.satisfaction, turn.dialogue))


def parts(turns, text) -> tuple[list[Text], list[Exam]]:
    """The valid part to learn from, the test part to judge."""
    learned = [text(turn) for turn in turns if turn.part == "valid"]
    return learned, [Exam("Test part", [text(turn) for turn in turns if turn.part == "test"])]
