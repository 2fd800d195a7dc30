// Open contradictions: two answers at once
// Relations that hold once at a time, such as where somebody lives, with more than one answer. Empty when all is
// settled. Put in the relations that hold once at a time for you.
// Parameters: $owner. Columns: e, r, x (a graph), answers.
MATCH (e:Entity:Current {owner: $owner})-[r]->(x:Entity)
WHERE r.relation IN ['lives_in', 'married_to', 'engaged_to', 'dating', 'born_in', 'birthday', 'job_title',
  'nationality']
WITH e, r.relation AS relation, collect(r) AS r, collect(DISTINCT x) AS x
WHERE size(x) > 1
RETURN e, r, x, relation + ' ' + reduce(all = '', one IN x | all + CASE all WHEN '' THEN '' ELSE ' or ' END + one.name)
  AS answers
