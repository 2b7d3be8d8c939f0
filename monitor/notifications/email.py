"""E-mail through the site's mail server."""

from __future__ import annotations

import smtplib

from django.conf import settings
from django.core.mail import EmailMessage
from django.urls import reverse

from monitor.notification_rules import Topic
from monitor.notifications.base import Message, Transport, TransportError

FOOT = (
    "You asked for this under Notifications, where you can also end it:\n{url}\n"
    "A flag asks somebody to look; nothing else follows from it by itself."
)
INVITED = (
    "Answering is voluntary, and only you see your answers. The invitation ends two "
    "hours after it was made; whether you get any is chosen on the same page."
)


class Email(Transport):
    def notify(self, message: Message) -> None:
        if not settings.NOTIFY_BY_EMAIL:
            raise TransportError("this site sends no e-mail", permanent=True)
        lines = [f"{line.text}\n{line.url}\n" for line in message.lines]
        foot = FOOT.format(url=f"{settings.SITE_URL}{reverse('notifications')}")
        if any(line.topic == Topic.INVITED for line in message.lines):
            lines.append(f"{INVITED}\n")
        mail = EmailMessage(
            message.subject,
            "\n".join([*lines, foot]),
            to=[self.address],
            headers={"Auto-Submitted": "auto-generated"},  # RFC 3834: no answers
        )
        try:
            mail.send()
        except smtplib.SMTPRecipientsRefused as exc:
            raise _refusal([code for code, _ in exc.recipients.values()]) from exc
        except smtplib.SMTPAuthenticationError as exc:
            # The site's mistake, not this channel's: somebody may mend it.
            raise TransportError("the mail server refuses our password") from exc
        except smtplib.SMTPResponseException as exc:
            raise _refusal([exc.smtp_code]) from exc
        except OSError as exc:  # among them smtplib.SMTPException
            text = f"no answer of the mail server: {type(exc).__name__}"
            raise TransportError(text) from exc


def _refusal(codes: list[int]) -> TransportError:
    """Codes from 500 on are final (RFC 5321, 4.2.1)."""
    text = f"the mail server answers {', '.join(map(str, codes))}"
    return TransportError(text, permanent=all(code >= 500 for code in codes))
