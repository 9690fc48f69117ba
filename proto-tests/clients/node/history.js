// A transactional producer by kafkajs that records what it does; ../README.md has the fields of the one argument.
'use strict'
const fs = require('fs')
const { Kafka, logLevel } = require('kafkajs')

const task = JSON.parse(process.argv[2])
const file = fs.openSync(task.history, 'a')
const start = BigInt(Date.now()) * 1000n - process.hrtime.bigint() / 1000n
const note = (event, fields) => {
  const t = Number(start + process.hrtime.bigint() / 1000n)
  fs.writeSync(file, JSON.stringify({ t, p: task.name, e: event, ...fields }) + '\n')
}
const kafka = new Kafka({
  clientId: 'proto-tests', brokers: task.bootstrap.split(','), logLevel: logLevel.NOTHING,
  retry: { initialRetryTime: 50, maxRetryTime: 1000, retries: 30 },
})
const producer = kafka.producer({
  transactionalId: task.id, idempotent: true, maxInFlightRequests: 1, transactionTimeout: task.timeout_ms || 10000,
  allowAutoTopicCreation: false,
})

// One send of kafkajs is one request: the offsets of its records follow the first one in each partition.
async function send(transaction, txn, values) {
  const messages = []
  for (const [partition, list] of values.entries()) {
    for (const value of list) {
      note('send', { value, at: `${task.topic}-${partition}`, txn })
      messages.push({ partition, value: String(value) })
    }
  }
  for (const told of await transaction.send({ topic: task.topic, acks: -1, messages })) {
    const base = Number(told.baseOffset)
    values[told.partition].forEach((value, at) => note('acked', base < 0 ? { value } : { value, offset: base + at }))
  }
}

async function main() {
  await producer.connect()
  let value = task.first
  let refused = 0
  for (let number = 0; number < task.transactions; number++) {
    const txn = task.first + number + 1
    const transaction = await producer.transaction()
    note('begin', { txn })
    const values = Array.from({ length: task.partitions }, () => Array.from({ length: task.per }, () => ++value))
    let ends = transaction.abort
    try {
      await send(transaction, txn, values)
      if (number % 3 !== 2) ends = transaction.commit
      refused = 0
    } catch (error) {
      console.error(`aborts: ${error}`)
      // The library goes on for ever with an epoch that the broker told it is old.
      refused = error.type === 'INVALID_PRODUCER_EPOCH' ? refused + 1 : 0
      if (refused === 3) throw error
    }
    if (ends === transaction.commit) note('commit', { txn })
    await ends()
    note(ends === transaction.commit ? 'committed' : 'aborted', { txn })
    await new Promise(resolve => setTimeout(resolve, task.pause_ms || 0))
  }
  await producer.disconnect()
}

main().catch(error => {
  console.error(`${task.name}: ${error}`)
  process.exit(3)
})
