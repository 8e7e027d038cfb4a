"""Names in many scripts, so that nobody believes customers are written in ASCII."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Locale:
    """Hold where an organisation may be and what is called how there.

    *Units*: `tax_rate` of 1; `calling_code` with its plus sign and the digits every number begins with.
    """

    country: str
    currency: str
    timezones: tuple[str, ...]
    tax_rate: Decimal
    calling_code: str
    stems: tuple[str, ...]
    forms: tuple[str, ...]
    given: tuple[str, ...]
    family: tuple[str, ...]
    family_first: bool = False


def _locale(
    country: str,
    currency: str,
    timezones: str,
    tax: str,
    calling_code: str,
    *,
    stems: str,
    forms: str,
    given: str,
    family: str,
    family_first: bool = False,
) -> Locale:
    def split(text: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in text.split("|"))

    return Locale(
        country=country,
        currency=currency,
        timezones=split(timezones),
        tax_rate=Decimal(tax),
        calling_code=calling_code,
        stems=split(stems),
        forms=split(forms),
        given=split(given),
        family=split(family),
        family_first=family_first,
    )


# In a form, {} is where the stem goes.
LOCALES: tuple[Locale, ...] = (
    _locale(
        "SG", "SGD", "Asia/Singapore", "0.09", "+656",
        stems="Merlion|Raffles Quay|Orchard|Kallang|Tanjong|Bukit Timah|Marina Bay|Sembawang|Changi|Peranakan",
        forms="{} Logistics Pte. Ltd.|{} Clinic|{} Trading Pte. Ltd.|{} Bakery|{} Law LLC",
        given="Wei Ling|Arjun|Nurul|Jun Jie|Priya|Hui Min|Faisal",
        family="Tan|Lim|Rahman|Pillai|Ng|Koh|Goh",
    ),
    _locale(
        "MY", "MYR", "Asia/Kuala_Lumpur|Asia/Kuching", "0.08", "+603",
        stems="Seri Mutiara|Gunung Jerai|Bunga Raya|Teluk Intan|Lembah Hijau|Kota Laut",
        forms="{} Sdn. Bhd.|Syarikat {}|{} Holdings Bhd.|Klinik {}",
        given="Aisyah|Hafiz|Siti|Mei Xin|Kavitha|Zulkifli",
        family="Ismail|Abdullah|Wong|Subramaniam|Yusof|Chong",
    ),
    _locale(
        "HK", "HKD", "Asia/Hong_Kong", "0", "+8522",
        stems="海港|九龍|中環|維多利亞|Harbour View|Kowloon Bay|Star Ferry|獅子山",
        forms="{}貿易有限公司|{}電訊有限公司|{} Trading Limited|{} 茶餐廳",
        given="Ka Yan|Chun Hei|詠詩|子軒|Wing Yan|家豪",
        family="Chan|Leung|陳|黃|Cheung|梁",
    ),
    _locale(
        "AU", "AUD", "Australia/Sydney|Australia/Adelaide|Australia/Lord_Howe|Australia/Eucla", "0.10", "+612",
        stems="Wattle Creek|Billabong|Southern Cross|Banksia|Coober|Jacaranda|O'Malley's|Kookaburra",
        forms="{} Pty Ltd|{} Dental|{} Freight Pty Ltd|{} Veterinary Hospital",
        given="Matilda|Lachlan|Siobhán|Kirra|Angus|Thuy",
        family="O'Brien|Nguyen|Walker|Papadopoulos|Kelly|D'Souza",
    ),
    _locale(
        "NZ", "NZD", "Pacific/Auckland|Pacific/Chatham", "0.15", "+643",
        stems="Kōwhai|Tūī|Aoraki|Whānau|Rēkohu|Pōhutukawa|Ōtepoti",
        forms="{} Ltd|{} Fisheries Ltd|Te {} Trust|{} Honey Co.",
        given="Aroha|Tāne|Māia|Wiremu|Hēmi|Ruby",
        family="Ngata|Parata|Smith|Tūhoe|Walters|Te Kanawa",
    ),
    _locale(
        "KI", "AUD", "Pacific/Kiritimati|Pacific/Tarawa", "0.125", "+6867",
        stems="Lagoon|Line Islands|Te Bwebwe|Banaba",
        forms="{} Traders|{} Copra Society|{} Guesthouse",
        given="Teburoro|Tessie|Anote|Mere",
        family="Tong|Maamau|Teannaki|Tabai",
    ),
    _locale(
        "US", "USD", "America/New_York|America/Los_Angeles|America/Chicago|Pacific/Honolulu", "0", "+1646",
        stems="Blue Ridge|Lakefront|Peña & Sons|Golden Gate|Old Mill|Kaʻiulani|Prairie|Bayou",
        forms="{} Inc.|{} LLC|{} Medical Group|{} Roofing Co.|{} Credit Union",
        given="Emily|José|Dwayne|Kaimana|Zoë|Marcus",
        family="Johnson|Núñez|García|Kealoha|Miller|O'Connor",
    ),
    _locale(
        "GB", "GBP", "Europe/London", "0.20", "+4420",
        stems="Thistle & Rose|Eryri|Penzance|Glengarry|Llŷn|Ashdown|Saint Mungo",
        forms="{} Ltd|{} plc|{} Solicitors LLP|The {} Brewery",
        given="Siân|Niamh|Alistair|Zara|Oluwaseun|Heather",
        family="Llewellyn|Campbell|Okafor|Ashworth|Ní Bhriain|Shah",
    ),
    _locale(
        "DE", "EUR", "Europe/Berlin", "0.19", "+4930",
        stems="Müller|Größe|Bäckerei Schön|Königsberg|Straßenbau Süd|Böhme|Weiß|Jörg Lüdtke",
        forms="{} GmbH|{} & Söhne KG|{} AG|{} e. V.|Kanzlei {}",
        given="Jürgen|Käthe|Sören|Anneliese|Björn|Özlem",
        family="Müller|Groß|Schäfer|Yıldız|Köhler|Weiß",
    ),
    _locale(
        "AT", "EUR", "Europe/Vienna", "0.20", "+431",
        stems="Donauwelle|Alpenglühen|Wörthersee|Schönbrunn",
        forms="{} GmbH|Gasthof {}|{} OG",
        given="Franz|Eva-Maria|Günther|Zita",
        family="Höller|Österreicher|Zwölfer|Bauer",
    ),
    _locale(
        "CH", "CHF", "Europe/Zurich", "0.081", "+4144",
        stems="Matterhorn|Rütli|Lac Léman|Säntis|Müstair",
        forms="{} AG|{} Sàrl|{} GmbH",
        given="Reto|Chantal|Beat|Gianna",
        family="Zgraggen|Rüegg|Favre|Bernasconi",
    ),
    _locale(
        "FR", "EUR", "Europe/Paris|America/Guadeloupe|Pacific/Marquesas", "0.20", "+331",
        stems="Étoile|Belle Époque|L'Œuf Doré|Garçon & Frères|Château Neuf|Île Bleue|Forêt",
        forms="{} SARL|{} SAS|Pharmacie {}|Hôtel {}",
        given="Élodie|François|Zoé|Aurélien|Maëlle|Gaël",
        family="Lefèvre|Béranger|N'Diaye|Côté|Dupré|Müller",
    ),
    _locale(
        "ES", "EUR", "Europe/Madrid|Atlantic/Canary", "0.21", "+3491",
        stems="Peñíscola|Ñandú|El Niño|Corazón|Güell|Alcázar",
        forms="{} S.L.|{} S.A.|Panadería {}|Gestoría {}",
        given="Íñigo|Begoña|Martín|Núria|Óscar",
        family="Muñoz|Ibáñez|Peña|Güemes|Fernández",
    ),
    _locale(
        "PT", "EUR", "Europe/Lisbon|Atlantic/Azores", "0.23", "+35121",
        stems="Coração|São Jorge|Pão de Ló|Atlântico",
        forms="{} Lda.|{} Unipessoal|Cafetaria {}",
        given="João|Inês|Tomás|Conceição",
        family="Gonçalves|Araújo|Simões|Brandão",
    ),
    _locale(
        "BR", "BRL", "America/Sao_Paulo|America/Manaus|America/Noronha", "0.17", "+5511",
        stems="Ipê Amarelo|Três Corações|Açaí|Pão & Mel|Jacarandá",
        forms="{} Ltda.|{} S.A.|Padaria {}|Clínica {}",
        given="Luíza|Antônio|Thaís|Caíque",
        family="Assunção|Magalhães|Brandão|Conceição",
    ),
    _locale(
        "PL", "PLN", "Europe/Warsaw", "0.23", "+4822",
        stems="Źródło|Łąka|Świerk|Żubr|Gdańska Przystań",
        forms="{} sp. z o.o.|{} S.A.|Apteka {}",
        given="Łukasz|Zażółć|Małgorzata|Świętosława",
        family="Wiśniewska|Dąbrowski|Żak|Piątek",
    ),
    _locale(
        "CZ", "CZK", "Europe/Prague", "0.21", "+4202",
        stems="Příroda|Žižkov|Řeka|Dům u Čápa",
        forms="{} s.r.o.|{} a.s.|Hostinec {}",
        given="Jiří|Zdeněk|Alžběta|Růžena",
        family="Dvořák|Kučerová|Říha|Šťastný",
    ),
    _locale(
        "SE", "SEK", "Europe/Stockholm", "0.25", "+468",
        stems="Älvdalen|Kräftans|Sjöfågel|Åre Skidskola|Öland",
        forms="{} AB|{} Handelsbolag|{} Bryggeri AB",
        given="Åsa|Björn|Märta|Östen",
        family="Sjöberg|Åkesson|Öhman|Lindström",
    ),
    _locale(
        "IS", "ISK", "Atlantic/Reykjavik", "0.24", "+3545",
        stems="Þingvellir|Æðarfugl|Eyjafjöll|Sólheimar",
        forms="{} ehf.|{} hf.",
        given="Þórdís|Guðmundur|Ásta|Ægir",
        family="Þórsdóttir|Jónsson|Guðmundsdóttir|Ægisson",
    ),
    _locale(
        "TR", "TRY", "Europe/Istanbul", "0.20", "+90212",
        stems="Işık|Güneş|İstanbul Boğazı|Çınar|Şahin",
        forms="{} A.Ş.|{} Ltd. Şti.|{} Lokantası",
        given="Çağlar|Işıl|Gülşen|Ömer",
        family="Yıldırım|Şahin|Çelik|Öztürk",
    ),
    _locale(
        "VN", "VND", "Asia/Ho_Chi_Minh", "0.10", "+8428",
        stems="Hoa Sen|Sông Hồng|Phở Việt|Đại Dương",
        forms="Công ty TNHH {}|Công ty Cổ phần {}",
        given="Thị Hương|Văn Đức|Quỳnh|Minh Tuấn",
        family="Nguyễn|Trần|Phạm|Đặng",
        family_first=True,
    ),
    _locale(
        "JP", "JPY", "Asia/Tokyo", "0.10", "+813",
        stems="桜|富士山|さくら|ひまわり|横浜|カワセミ|北海|ミライ",
        forms="株式会社{}|{}商事株式会社|{}電機|{}クリニック|有限会社{}",
        given="太郎|花子|健一|美咲|さくら",
        family="佐藤|鈴木|髙橋|田中|渡邊",
        family_first=True,
    ),
    _locale(
        "KR", "KRW", "Asia/Seoul", "0.10", "+822",
        stems="한강|무궁화|부산항|하늘|제주",
        forms="{} 주식회사|(주){}|{} 무역|{} 병원",
        given="지훈|서연|민준|하은",
        family="김|이|박|최",
        family_first=True,
    ),
    _locale(
        "CN", "CNY", "Asia/Shanghai|Asia/Urumqi", "0.06", "+8621",
        stems="长城|东方明珠|锦绣|白云|龙腾|天山",
        forms="{}科技有限公司|{}贸易有限公司|{}饭店|上海{}物流",
        given="伟|秀英|建国|丽娜",
        family="王|李|张|欧阳",
        family_first=True,
    ),
    _locale(
        "TW", "TWD", "Asia/Taipei", "0.05", "+8862",
        stems="玉山|淡水|臺灣之光|寶島",
        forms="{}股份有限公司|{}企業社|{}診所",
        given="志明|春嬌|雅婷|冠宇",
        family="林|陳|黃|司馬",
        family_first=True,
    ),
    _locale(
        "KW", "KWD", "Asia/Kuwait", "0", "+9652",
        stems="الخليج|النخيل|الصقر|اللؤلؤة",
        forms="شركة {} للتجارة|مجموعة {}|{} للاتصالات",
        given="عبد الله|فاطمة|يوسف|مريم",
        family="الصباح|العنزي|المطيري|الكندري",
    ),
    _locale(
        "BH", "BHD", "Asia/Bahrain", "0.10", "+9731",
        stems="دلمون|المنامة|شجرة الحياة",
        forms="شركة {} ذ.م.م|مطعم {}",
        given="سلمان|نورة|خليفة",
        family="الخليفة|البوعينين|المناعي",
    ),
    _locale(
        "SA", "SAR", "Asia/Riyadh", "0.15", "+96611",
        stems="الواحة|نجد|الربع الخالي|طويق",
        forms="شركة {} المحدودة|مؤسسة {}|مستشفى {}",
        given="محمد|نوف|سارة|خالد",
        family="العتيبي|القحطاني|الحربي|الدوسري",
    ),
    _locale(
        "IL", "ILS", "Asia/Jerusalem", "0.18", "+9723",
        stems="הגליל|ים המלח|כרמל|זית",
        forms='{} בע"מ|מאפיית {}|אחים {}',
        given="נועה|איתן|תמר|דוד",
        family="כהן|לוי|מזרחי|פרידמן",
    ),
    _locale(
        "UA", "UAH", "Europe/Kyiv", "0.20", "+38044",
        stems="Дніпро|Калина|Їжак|Ґазда|Зоря",
        forms="ТОВ «{}»|ПП «{}»|Кав'ярня «{}»",
        given="Олена|Юрій|Наталя|Євген",
        family="Шевченко|Коваленко|Бондаренко|Щербак",
    ),
    _locale(
        "KZ", "KZT", "Asia/Almaty|Asia/Aqtau", "0.12", "+7727",
        stems="Алатау|Байқоңыр|Қазына|Жұлдыз",
        forms="ЖШС «{}»|АҚ «{}»|{} дүкені",
        given="Әсел|Нұрлан|Гүлнәр|Ерлан",
        family="Әбішев|Қасымова|Нұрпейісов|Өтегенова",
    ),
    _locale(
        "GR", "EUR", "Europe/Athens", "0.24", "+3021",
        stems="Αιγαίο|Όλυμπος|Ελιά|Αθηνά",
        forms="{} Α.Ε.|{} Ε.Π.Ε.|Ταβέρνα {}",
        given="Γιώργος|Ελένη|Δημήτρης|Αφροδίτη",
        family="Παπαδόπουλος|Οικονόμου|Ιωαννίδης|Ψαρρά",
    ),
    _locale(
        "GE", "GEL", "Asia/Tbilisi", "0.18", "+99532",
        stems="კავკასია|მზე|ვაზი",
        forms="შპს {}|სს {}",
        given="ნინო|გიორგი|თამარ",
        family="ბერიძე|კაპანაძე|გელაშვილი",
    ),
    _locale(
        "TH", "THB", "Asia/Bangkok", "0.07", "+662",
        stems="ช้างเผือก|ดอกบัว|สยาม|ทะเลใต้",
        forms="บริษัท {} จำกัด|ห้างหุ้นส่วน {}|ร้าน{}",
        given="สมชาย|มาลี|ธนกร|ปรียา",
        family="ใจดี|ศรีสุข|วงศ์สวัสดิ์|ทองคำ",
    ),
    _locale(
        "IN", "INR", "Asia/Kolkata", "0.18", "+9122",
        stems="गंगा|हिमालय|सूर्य|कमल|மல்லிகை|তাজ",
        forms="{} प्राइवेट लिमिटेड|{} ट्रेडर्स|{} Pvt. Ltd.|{} अस्पताल",
        given="अनिता|राजेश|प्रिया|विक्रम|மீனா",
        family="शर्मा|वर्मा|पटेल|अय्यर|চট্টোপাধ্যায়",
    ),
    _locale(
        "NP", "NPR", "Asia/Kathmandu", "0.13", "+9771",
        stems="सगरमाथा|पोखरा|लालीगुराँस",
        forms="{} प्रा. लि.|होटल {}",
        given="सुनिता|प्रकाश|दिपेश",
        family="श्रेष्ठ|गुरुङ|तामाङ",
    ),
)  # fmt: skip

BY_COUNTRY: dict[str, Locale] = {locale.country: locale for locale in LOCALES}
