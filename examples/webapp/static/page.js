// The page speaks the common vocabulary of tikhub_async.relay: text, reasoning, tool_call, usage, done, error for a chat,
// progress, done, error for a video. Nothing of it is put into the page as HTML.

const $ = (id) => document.getElementById(id);

function add(parent, tag, name, text = "") {
  const element = document.createElement(tag);
  element.className = name;
  element.textContent = text;
  parent.append(element);
  return element;
}

// ── chat ───────────────────────────────────────────────────────────────────────────────────────────────────────────────

const turns = [];
let stopping = null;

/** The events of a streamed answer. EventSource cannot POST, so the stream is read by hand: an event ends at a blank line. */
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const blocks = buffer.split("\n\n");
    buffer = blocks.pop();
    for (const block of blocks) {
      const name = block.match(/^event: (.*)$/m)?.[1];
      const data = block.match(/^data: (.*)$/m)?.[1];
      if (name && data) yield [name, JSON.parse(data)]; // the rest are heartbeats
    }
  }
}

async function ask(question) {
  turns.push({ role: "user", content: question });
  add($("log"), "div", "turn user", question);
  const answer = add($("log"), "div", "turn assistant");
  const parts = { reasoning: add(answer, "div", "reasoning"), text: add(answer, "div", "text") };
  const facts = add(answer, "div", "facts");
  const say = (text, failed = false) => {
    facts.textContent = text;
    facts.classList.toggle("failed", failed);
  };
  stopping = new AbortController();
  busy(true);
  try {
    const response = await fetch("/chat", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ provider: $("chat-provider").value, turns }),
      signal: stopping.signal,
    });
    if (!response.ok) throw new Error((await response.json()).message);
    let tokens = "";
    for await (const [name, data] of eventsOf(response)) {
      if (name in parts) parts[name].textContent += data.text;
      if (name === "tool_call") parts.text.textContent += `\n${data.name}(${data.arguments})`;
      if (name === "usage" && data.total_tokens !== null) tokens = `, ${data.total_tokens} tokens`;
      if (name === "done") say(`${data.model ?? ""}: ${data.reason}${tokens}`);
      if (name === "error") say(data.message, true);
      $("log").scrollTop = $("log").scrollHeight;
    }
  } catch (problem) {
    // Aborting the request closes the server's connection to the provider as well: that is what stops the bill.
    say(problem.name === "AbortError" ? "stopped" : problem.message, problem.name !== "AbortError");
  }
  const said = parts.text.textContent;
  if (said) turns.push({ role: "assistant", content: said });
  else turns.pop();
  stopping = null;
  busy(false);
}

function busy(is) {
  $("send").disabled = is;
  $("stop").disabled = !is;
}

$("chat").addEventListener("submit", (event) => {
  event.preventDefault();
  const question = $("question").value.trim();
  if (!question || stopping) return;
  $("question").value = "";
  ask(question);
});
$("stop").addEventListener("click", () => stopping?.abort());

// ── videos ─────────────────────────────────────────────────────────────────────────────────────────────────────────────

function show({ key, provider, prompt }) {
  const card = document.createElement("div");
  card.className = "film";
  card.dataset.key = key;
  $("videos").prepend(card);
  add(card, "p", "prompt", prompt);
  const status = add(card, "p", "status", `${provider}: …`);
  const bar = add(card, "progress", "bar");
  bar.max = 100;
  const source = new EventSource(`/videos/${key}/progress`);
  const say = (data) => {
    status.textContent = `${provider}: ${data.status}${data.progress === null ? "" : ` ${data.progress} %`}`;
  };
  const end = () => {
    source.close(); // or the browser would connect again
    bar.remove();
  };
  source.addEventListener("progress", (event) => {
    const data = JSON.parse(event.data);
    say(data);
    if (data.progress !== null) bar.value = data.progress;
  });
  source.addEventListener("done", (event) => {
    say(JSON.parse(event.data));
    end();
    const video = add(card, "video", "player");
    Object.assign(video, { controls: true, muted: true, loop: true, src: `/videos/${key}/film` });
  });
  source.addEventListener("error", (event) => {
    if (!event.data) return; // the connection broke: EventSource connects again by itself, and the task goes on
    const data = JSON.parse(event.data);
    status.textContent = `${provider}: ${data.message}`;
    status.classList.add("failed");
    end();
  });
}

$("video").addEventListener("submit", async (event) => {
  event.preventDefault();
  const prompt = $("prompt").value.trim();
  if (!prompt) return;
  $("prompt").value = "";
  $("trouble").textContent = "";
  const response = await fetch("/videos", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ provider: $("video-provider").value, prompt }),
  });
  const answer = await response.json();
  if (response.ok) show(answer);
  else $("trouble").textContent = answer.message;
});

// ── a page that is loaded, or loaded again, takes up what is running ──────────────────────────────────────────────────

const { chats, makers, videos } = await (await fetch("/choices")).json();
for (const [id, names] of [["chat-provider", chats], ["video-provider", makers]]) {
  for (const name of names) add($(id), "option", "", name);
}
videos.forEach(show);
document.body.dataset.ready = "yes";
