// Every operation that the action sends to Railway is one that Railway's schema has.
import assert from 'node:assert/strict'
import { test } from 'node:test'

import { getNamedType, isEnumType, isInputObjectType, isObjectType, parse, validate } from 'graphql'

import { events, operations } from '../src/railway/operations.ts'
import { excerpt, schema, whole } from './railway.ts'

test('every operation validates', () => {
  for (const [name, text] of Object.entries(operations)) {
    assert.deepEqual(validate(schema, parse(text)).map(String), [], name)
    assert.match(text, new RegExp(`^(query|mutation) ${name}\\b`), 'its name is that of the table')
  }
  for (const count of [1, 20]) assert.deepEqual(validate(schema, parse(events(count))).map(String), [])
})

test('no operation uses what Railway has deprecated', async () => {
  const { NoDeprecatedCustomRule } = await import('graphql')
  for (const text of Object.values(operations)) assert.deepEqual(validate(schema, parse(text), [NoDeprecatedCustomRule]).map(String), [])
})

test('the excerpt says what the whole schema says', { skip: whole ? false : 'PREFLIGHT_RAILWAY_SCHEMA is not set' }, () => {
  let compared = 0
  for (const [name, type] of Object.entries(excerpt.getTypeMap()).filter(([name]) => !name.startsWith('__'))) {
    const real = schema.getType(name)
    assert.ok(real, name)
    if (isEnumType(type) && isEnumType(real)) assert.deepEqual(type.getValues().map((each) => each.name), real.getValues().map((each) => each.name))
    if (!(isObjectType(type) || isInputObjectType(type))) continue
    for (const field of Object.values(type.getFields())) {
      const same: any = (real as typeof type).getFields()[field.name]
      assert.equal(String(same?.type), String(field.type), `${name}.${field.name}`)
      assert.ok(schema.getType(String(getNamedType(field.type))))
      for (const argument of 'args' in field ? field.args : []) assert.equal(String(same.args.find((each: any) => each.name === argument.name)?.type), String(argument.type))
      compared += 1
    }
  }
  assert.ok(compared > 100)
})
