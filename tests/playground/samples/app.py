"""Bolt for Python's own first app, with a modal besides. Only its addresses and secrets come from outside."""

import os

from slack_bolt import App
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

app = App(
    client=WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]),
    signing_secret=os.environ.get("SLACK_SIGNING_SECRET"),
)


@app.message("hello")
def message_hello(message, say):
    say(
        blocks=[
            {
                "type": "section",
                "text": {"type": "mrkdwn", "text": f"Hey there <@{message['user']}>!"},
                "accessory": {
                    "type": "button",
                    "text": {"type": "plain_text", "text": "Click Me"},
                    "action_id": "button_click",
                },
            }
        ],
        text=f"Hey there <@{message['user']}>!",
    )


@app.action("button_click")
def action_button_click(body, ack, say):
    ack()
    say(f"<@{body['user']['id']}> clicked the button")


@app.command("/ask")
def ask(ack, body, client):
    ack()
    client.views_open(
        trigger_id=body["trigger_id"],
        view={
            "type": "modal",
            "callback_id": "question",
            "private_metadata": body["channel_id"],
            "title": {"type": "plain_text", "text": "Ask"},
            "submit": {"type": "plain_text", "text": "Send"},
            "blocks": [
                {
                    "type": "input",
                    "block_id": "what",
                    "label": {"type": "plain_text", "text": "What do you want to know?"},
                    "element": {"type": "plain_text_input", "action_id": "words"},
                }
            ],
        },
    )


@app.view("question")
def question(ack, body, view, client):
    words = view["state"]["values"]["what"]["words"]["value"]
    if len(words) < 5:
        ack(response_action="errors", errors={"what": "Say more"})
        return
    ack()
    client.chat_postMessage(channel=view["private_metadata"], text=f"<@{body['user']['id']}> asks: {words}")


@app.command("/echo")
def echo(ack, command, respond):
    ack()
    respond(f"You said: {command['text']}")


if __name__ == "__main__":
    if "SLACK_APP_TOKEN" in os.environ:
        SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"]).start()
    else:
        app.start(port=int(os.environ["PORT"]))
