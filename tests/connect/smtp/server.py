"""The mail server of the tests: aiosmtpd, with STARTTLS, somebody who may send, and a word on each message that came.

Started as `server.py CERTIFICATE KEY`; says its port as its first line, then what it took, a line of JSON each."""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Box:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        parts = [part for part in message.walk() if not part.is_multipart()]
        print(json.dumps({
            "encrypted": session.ssl is not None,
            "sender": envelope.mail_from,
            "recipients": envelope.rcpt_tos,
            "headers": {name.lower(): str(value) for name, value in message.items()},
            "parts": [
                {"type": part.get_content_type(), "name": part.get_filename(), "content": said(part.get_content())}
                for part in parts
            ],
            "faults": [str(fault) for part in [message, *parts] for fault in part.defects],
        }), flush=True)
        return "250 kept"


def said(content):
    return content if isinstance(content, str) else content.decode("latin-1")


def knows(server, session, envelope, mechanism, login):
    # "handled" would leave the answer to this function.
    known = isinstance(login, LoginPassword) and (login.login, login.password) == (b"ada", "Pässwort".encode())
    return AuthResult(success=known, handled=False)


async def serve(certificate, key):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(Box(), hostname="localhost", tls_context=context, require_starttls=True,
                     authenticator=knows, auth_required=True),
        "127.0.0.1", 0,
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(serve(*sys.argv[1:]))
