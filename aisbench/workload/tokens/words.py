"""Words for generated prompts where no tokenizer is given.

Common English words that are one token each, after a blank and at the start of a text, in the
vocabularies of GPT-2, Llama 2 and 3, Qwen 2.5 to 3.6 and DeepSeek-V4 (each word was checked).
"""

_LIST = """
ability action activity actor add age air all also amount analysis and animal answer any apple area arm art
article artist ask author away baby back bad bag ball band bank bar base bear bed behavior best better big
bill bird black blue board body book both box boy brand bread bridge bring buffer build building business
call camp can cap car card cart case castle cat catch center chain change chapter character chart chat child
chip choice church circle city class clean clear client clock close cloud code coin cold color come common
community company complete computer condition connect consider control copy core correct cost count country
course court cover create cross culture cup cut dark data date daughter day deal deck deep degree design
development direct do doctor dog done door dot down draw dream drive driver drop dry each early easy eat
edge education effect empty end energy engine enter entry environment equal even event every example eye
face fact factor fall false family farm fast father field fight figure file fill film filter final find fire
first fish fit five fixed flag flat floor flow fly follow font foot for force forest form four frame free
fresh friend from front fruit fuel full fund future game gate general get girl give glass go goal gold good
government grade graph great green grid ground group growth guide hall hand happy hard hat have head health
heart heavy help here high history hold hole home hook horse hospital host hot hour house how hub ice if
image in individual information inside interest iron issue job join joy just keep kernel key kid kind king
know knowledge lab lake land language large last late law layer lead leader leaf learn leave left leg less
let letter level life lift light like limit line link list live load local lock log long look lot love lower
machine mail main make man many map mark market mask mass master match material may mean media member memory
message metal mind mix mode model money month more most mother mouse move movie much music must name nation
nature near need network never new news next nice night nine no note now number off office official oil old
on once one only open operation orange order our out over own pack page pair pan paper parent part party
past path pay peak pen people performance period person pet phone pick picture piece pin pipe place plain
plan plant plate play player plot point pole policy pool population port position post power practice
pressure price print problem product program project proof public pull push put quality question quick quiet
race rail rain range rate ray read ready real reason record red reference region remember report research
resource response rest result rich ride right ring rise risk river road rock role roll room root round row
rule run safe same sand save say scale scene school score screen script season seat second section see seed
seek select sell send sense series server service set seven shadow shape share sharp shell shift ship shop
short shot show side sign simple since sit site six size skill slot slow small smart so soft some son song
soon sort sound source space special speed split spot spring square stack staff stage stand standard star
start state station stay stem step still stock stone stop store storm story stream street string strong
student study subject success such support surface switch system table tail take talk target task tax team
technology tell ten term test text than that then there they thin thing think this thought thread three
through time tiny tip title to token tool top touch town track trade train training tree true truth try turn
two type under unit until up upper use user value vector very view voice wait walk wall want watch water
wave way we wear web week well west what wheel when where which white who why wide wife wild will win wind
window wing wire wise with woman wood word work worker world write yard year yellow yes yet you young zero
zone
"""
WORDS: tuple[str, ...] = tuple(_LIST.split())
