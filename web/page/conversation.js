// Conversation is a chat so far, and what of it a model still gets.
export class Conversation {
  #messages = [];
  #first = 0; // the oldest message that a model gets

  get length() { return this.#messages.length; }

  // ask adds a user's message.
  ask(content) { this.#messages.push({ role: 'user', content }); }

  // answer adds what the model said.
  answer(content) { this.#messages.push({ role: 'assistant', content }); }

  // retract takes the newest message back.
  retract() { return this.#messages.pop(); }

  // messages returns what a model gets, after a system message where there is one.
  messages(system) {
    const kept = this.#messages.slice(this.#first);
    return system ? [{ role: 'system', content: system }, ...kept] : kept;
  }

  // forget leaves out the oldest question with its answer from now on. It reports
  // whether there was one beside the newest question.
  forget() {
    if (this.#messages.length - this.#first < 3) return false;
    this.#first += 2;
    return true;
  }
}

// stream asks a model for the answer to a conversation and yields {text} in
// parts, in the end with {finish, usage, timings}. Where the conversation has
// outgrown the context, its oldest turns are forgotten: {forgotten} says how many.
export async function* stream(model, conversation, settings, signal) {
  const { system, ...sampling } = settings;
  for (let forgotten = 0; ; forgotten++) {
    try {
      for await (const chunk of await ask(model, conversation, system, sampling, signal)) {
        const [choice] = chunk.choices;
        yield {
          text: choice.delta?.content ?? choice.text ?? '', finish: choice.finish_reason,
          usage: chunk.usage, timings: chunk.timings, forgotten,
        };
      }
      return;
    } catch (e) {
      if (e.code !== 'too-long' || !conversation.forget()) throw e;
    }
  }
}

// ask begins a stream. A model without a chat template goes on from the newest
// message.
function ask(model, conversation, system, sampling, signal) {
  const request = { ...sampling, stream: true };
  if (model.info.template) {
    return model.chat.completions.create({ ...request, messages: conversation.messages(system) }, { signal });
  }
  return model.completions.create({ ...request, prompt: conversation.messages().at(-1).content }, { signal });
}
