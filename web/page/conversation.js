// Conversation is a chat so far, and what of it a model still gets.
export class Conversation {
  #messages = [];
  #first = 0; // the oldest message that a model gets
  crowded = false; // whether little room was left for the next answer

  get length() { return this.#messages.length; }

  // ask adds a user's message.
  ask(content) { this.#messages.push({ role: 'user', content }); }

  // answer adds what the model said.
  answer(content) { this.#messages.push({ role: 'assistant', content }); }

  // retract takes the newest message back.
  retract() { return this.#messages.pop(); }

  // turns is how many questions with their answers a model gets, beside the newest
  // question.
  get turns() { return (this.#messages.length - this.#first - 1) / 2; }

  // messages returns what a model gets, without some of the oldest turns, after a
  // system message where there is one.
  messages(system, without = 0) {
    const kept = this.#messages.slice(this.#first + 2 * without);
    return system ? [{ role: 'system', content: system }, ...kept] : kept;
  }

  // forget leaves out some of the oldest turns from now on.
  forget(turns) { this.#first += 2 * turns; }
}

// stream asks a model for the answer to a conversation and yields {text} in
// parts, in the end with {finish, usage, timings}. Where the conversation has
// outgrown the context, its oldest turns are forgotten: {forgotten} says how many.
// Where an eighth of the context or less is left, half of the turns are, so that
// answers have room.
export async function* stream(model, conversation, settings, signal) {
  const { system, ...sampling } = settings;
  let last;
  for (let forgotten = conversation.crowded ? Math.ceil(conversation.turns / 2) : 0; ; forgotten++) {
    try {
      const messages = conversation.messages(system, forgotten);
      for await (const chunk of await ask(model, messages, sampling, signal)) {
        const [choice] = chunk.choices;
        last = {
          text: choice.delta?.content ?? choice.text ?? '', finish: choice.finish_reason,
          usage: chunk.usage, timings: chunk.timings, forgotten,
        };
        yield last;
      }
      conversation.forget(forgotten);
      conversation.crowded = last.usage.total_tokens >= model.info.context * 7 / 8;
      return;
    } catch (e) {
      if (e.code !== 'too-long' || forgotten >= conversation.turns) throw e;
    }
  }
}

// ask begins a stream. A model without a chat template goes on from the newest
// message.
function ask(model, messages, sampling, signal) {
  const request = { ...sampling, stream: true };
  if (model.info.template) return model.chat.completions.create({ ...request, messages }, { signal });
  return model.completions.create({ ...request, prompt: messages.at(-1).content }, { signal });
}
