// Bolt for JavaScript's own first app, with a modal besides. Only its addresses and secrets come from outside.
const { App } = require("@slack/bolt");

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  signingSecret: process.env.SLACK_SIGNING_SECRET,
  socketMode: Boolean(process.env.SLACK_APP_TOKEN),
  appToken: process.env.SLACK_APP_TOKEN,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});

app.message("hello", async ({ message, say }) => {
  await say({
    blocks: [
      {
        type: "section",
        text: { type: "mrkdwn", text: `Hey there <@${message.user}>!` },
        accessory: {
          type: "button",
          text: { type: "plain_text", text: "Click Me" },
          action_id: "button_click",
        },
      },
    ],
    text: `Hey there <@${message.user}>!`,
  });
});

app.action("button_click", async ({ body, ack, say }) => {
  await ack();
  await say(`<@${body.user.id}> clicked the button`);
});

app.command("/ask", async ({ ack, body, client }) => {
  await ack();
  await client.views.open({
    trigger_id: body.trigger_id,
    view: {
      type: "modal",
      callback_id: "question",
      private_metadata: body.channel_id,
      title: { type: "plain_text", text: "Ask" },
      submit: { type: "plain_text", text: "Send" },
      blocks: [
        {
          type: "input",
          block_id: "what",
          label: { type: "plain_text", text: "What do you want to know?" },
          element: { type: "plain_text_input", action_id: "words" },
        },
      ],
    },
  });
});

app.view("question", async ({ ack, body, view, client }) => {
  const words = view.state.values.what.words.value;
  if (words.length < 5) {
    await ack({ response_action: "errors", errors: { what: "Say more" } });
    return;
  }
  await ack();
  await client.chat.postMessage({ channel: view.private_metadata, text: `<@${body.user.id}> asks: ${words}` });
});

app.command("/echo", async ({ ack, command, respond }) => {
  await ack();
  await respond(`You said: ${command.text}`);
});

app.start(Number(process.env.PORT) || undefined);
