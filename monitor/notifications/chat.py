"""Slack's incoming webhooks and Teams' workflows; the address is the only secret.

https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
https://learn.microsoft.com/en-us/connectors/teams#microsoft-teams-webhook
"""

from __future__ import annotations

import json
from abc import abstractmethod

from monitor.notifications import http
from monitor.notifications.base import Message, Transport

JSON = {"Content-Type": "application/json"}
CARD = "application/vnd.microsoft.card.adaptive"


class _Chat(Transport):
    def notify(self, message: Message) -> None:
        http.post(self.address, json.dumps(self.payload(message)).encode(), JSON)

    @staticmethod
    @abstractmethod
    def payload(message: Message) -> dict[str, object]: ...


class Slack(_Chat):
    @staticmethod
    def payload(message: Message) -> dict[str, object]:
        lines = [f"{line.text} <{line.url}|Open>" for line in message.lines]
        return {"text": "\n".join(lines)}


class Teams(_Chat):
    @staticmethod
    def payload(message: Message) -> dict[str, object]:
        blocks = [
            {
                "type": "TextBlock",
                "wrap": True,
                "text": f"{each.text} [Open]({each.url})",
            }
            for each in message.lines
        ]
        content = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "body": blocks,
        }
        card = {"contentType": CARD, "contentUrl": None, "content": content}
        return {"type": "message", "attachments": [card]}
