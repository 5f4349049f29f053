begin;
\ir ../helpers.psql
select plan(3);

select pg_temp.act_as('service_role');
select results_eq(
  $$ select bad.call, refusal.code, refusal.detail ->> 'argument'
     from (
         values
           ('claim_deliveries(0)'), ('claim_deliveries(1001)'), ('claim_deliveries(null)'),
           ('claim_deliveries(1, repeat(''x'', 64))'),
           ('settle_deliveries(null)'), ('settle_deliveries(''{}'')'), ('settle_deliveries(''[1]'')'),
           ('settle_deliveries(''[{"id": "00000000-0000-4000-8000-000000000001", "attempt": 1, "outcome": "eaten"}]'')'),
           ('settle_deliveries(''[{"id": "00000000-0000-4000-8000-000000000001", "outcome": "failed"}]'')'),
           ('settle_deliveries((select jsonb_agg(n) from generate_series(1, 1001) n))'),
           ('list_deliveries(at_most => 0)'), ('list_deliveries(at_most => null)'),
           ('drop_deliveries()')
       ) bad (call),
       pg_temp.refusal_of('select public.' || bad.call) refusal $$,
  $$ values
    ('claim_deliveries(0)', '22023', 'batch_size'), ('claim_deliveries(1001)', '22023', 'batch_size'), ('claim_deliveries(null)', '22023', 'batch_size'),
    ('claim_deliveries(1, repeat(''x'', 64))', '22023', 'from_endpoint'),
    ('settle_deliveries(null)', '22023', 'results'), ('settle_deliveries(''{}'')', '22023', 'results'), ('settle_deliveries(''[1]'')', '22023', 'results'),
    ('settle_deliveries(''[{"id": "00000000-0000-4000-8000-000000000001", "attempt": 1, "outcome": "eaten"}]'')', '22023', 'results'),
    ('settle_deliveries(''[{"id": "00000000-0000-4000-8000-000000000001", "outcome": "failed"}]'')', '22023', 'results'),
    ('settle_deliveries((select jsonb_agg(n) from generate_series(1, 1001) n))', '22023', 'results'),
    ('list_deliveries(at_most => 0)', '22023', 'at_most'), ('list_deliveries(at_most => null)', '22023', 'at_most'),
    ('drop_deliveries()', '22023', 'endpoint') $$,
  'each is refused, and the detail names the argument'
);

select pg_temp.clear_authentication();
select results_eq(
  $$ select bad.url, refusal.code
     from unnest(array[
         'http://example.com/', 'http://10.0.0.1/', 'ftp://example.com/', 'https://', 'https://user:secret@example.com/',
         'https://example.com/#part', 'https://example.com/a b', 'javascript:alert(1)', 'http://localhost.example.com/',
         'https://example.com/' || repeat('x', 2000)
       ]) bad (url),
       pg_temp.refusal_of(format('insert into sessions.endpoints (name, url) values (''meter'', %L)', bad.url)) refusal $$,
  $$ select url, '23514'
     from unnest(array[
         'http://example.com/', 'http://10.0.0.1/', 'ftp://example.com/', 'https://', 'https://user:secret@example.com/',
         'https://example.com/#part', 'https://example.com/a b', 'javascript:alert(1)', 'http://localhost.example.com/',
         'https://example.com/' || repeat('x', 2000)
       ]) url $$,
  'C3: an endpoint is https, or http on this machine, without a password'
);
select lives_ok(
  $$ insert into sessions.endpoints (name, url)
     values
       ('a', 'https://example.com'), ('b', 'https://example.com:8443/hook?key=x'), ('c', 'http://127.0.0.1:8080/hook'),
       ('d', 'http://[::1]/'), ('e', 'http://localhost:1/') $$,
  'these are accepted'
);

select * from finish();
rollback;
